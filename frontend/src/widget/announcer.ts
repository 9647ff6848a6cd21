/** What listeners are told: whole sentences of an answer while it grows, and what else changes out of their sight. */

import type { Answer, Turn } from "../conversation/state";
import type { Strings } from "../strings";
import { h } from "./dom";
import { isRunning, noteOn } from "./state";

const PAUSE_MS = 1000;
const KEPT = 20;
const SENTENCES = /^[^]*(?:[.!?…。！？؟:](?=\s)|\n)/;

export class Announcer {
  readonly element = h("div", {
    class: "hidden",
    role: "log",
    "aria-live": "polite",
    "aria-relevant": "additions",
  });
  readonly #strings: Strings;
  #waiting: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The answer that is being read, and how much of it has been. */
  #following: number | undefined;
  #read = 0;
  #status = "";

  constructor(strings: Strings) {
    this.#strings = strings;
  }

  say(text: string): void {
    if (!text.trim()) return;
    this.#waiting.push(text.trim());
    // Sentences that come close together are read as one.
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#tell(), PAUSE_MS);
  }

  /** An answer that was complete when it was first seen is not read. */
  follow({ key, answer }: Turn): void {
    const running = isRunning(answer);
    if (running && (this.#following !== key || answer.text.length < this.#read)) {
      this.#following = key;
      this.#read = 0;
    }
    if (this.#following !== key) return;
    this.#readOn(answer.text, !running);
    this.#tellStatus(answer);
    if (!running) this.#following = undefined;
  }

  #readOn(text: string, complete: boolean): void {
    const unread = text.slice(this.#read);
    const sentences = complete ? unread : (SENTENCES.exec(unread)?.[0] ?? "");
    if (!complete && insideCode(text.slice(0, this.#read + sentences.length))) return;
    this.#read += sentences.length;
    this.say(spoken(sentences));
  }

  #tellStatus(answer: Answer): void {
    const { status, failure } = answer;
    const { waking, reconnecting, failure: failures } = this.#strings;
    if (status === this.#status) return;
    this.#status = status;
    if (status === "waking") this.say(waking);
    if (status === "reconnecting") this.say(reconnecting);
    if (failure) this.say(failures[failure.code]);
    if (!isRunning(answer)) this.say(noteOn(answer, this.#strings) ?? "");
  }

  #tell(): void {
    this.#timer = undefined;
    this.element.append(h("p", {}, this.#waiting.splice(0).join(" ")));
    while (this.element.childElementCount > KEPT) this.element.firstElementChild?.remove();
  }
}

function insideCode(text: string): boolean {
  return (text.match(/^ *```/gm)?.length ?? 0) % 2 === 1;
}

/** Markdown without its marks, and without code, which no one wants to hear unasked. */
function spoken(markdown: string): string {
  return markdown
    .replace(/^ *```[^]*?^ *```/gm, " ")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/ ?\[(?:source )?\d+(?:, ?\d+)*\]/gi, "")
    .replace(/^[ >]*(?:#{1,6} |[-*+] |\d+[.)] )/gm, "")
    .replace(/[*`~|]+|^[ :-]+$/gm, "")
    .replace(/\s+/g, " ");
}
