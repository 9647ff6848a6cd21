/** One answer: its text as it comes, its sources, and what can be done with it. */

import type { Answer, ServiceState, Turn } from "../conversation/state";
import type { MarkdownContext } from "../markdown/context";
import { safeUrl, linkTo } from "../markdown/links";
import { MarkdownView } from "../markdown/view";
import type { Strings } from "../strings";
import { copyButton, iconButton } from "./buttons";
import { codeBlock } from "./code";
import { fill, h, setAttribute } from "./dom";
import { failureBox } from "./failure";
import { SourceList } from "./sources";
import { isRunning, noteOn } from "./state";
import { wakingLine } from "./waking";

export interface AnswerActions {
  readonly ask: (question: string) => void;
  readonly retry: (key: number) => void;
  readonly edit: (key: number) => void;
  readonly startAnew: () => void;
  readonly rate: (key: number, rating: "up" | "down") => Promise<boolean>;
  readonly announce: (text: string) => void;
}

export class AnswerView {
  readonly element: HTMLElement;
  readonly #strings: Strings;
  readonly #linkBase: string | null;
  readonly #actions: AnswerActions;
  readonly #progress = h("div", {});
  readonly #prose = h("div", { class: "prose", part: "text", dir: "auto" });
  readonly #after = h("div", {});
  readonly #sources: SourceList;
  readonly #markdown: MarkdownView;
  readonly #cited = new Set<number>();
  #turn: Turn | undefined;
  #doing = "";

  constructor(strings: Strings, linkBase: string | null, actions: AnswerActions) {
    this.#strings = strings;
    this.#linkBase = linkBase;
    this.#actions = actions;
    this.#sources = new SourceList(strings, linkBase);
    this.#markdown = new MarkdownView(this.#prose, this.#context());
    this.element = h("article", { class: "answer", part: "answer", "aria-label": strings.answer });
    this.element.append(this.#progress, this.#prose, this.#after, this.#sources.element);
  }

  update(turn: Turn, service: ServiceState): void {
    this.#showProgress(turn, service);
    if (turn === this.#turn) return;
    const previous = this.#turn?.answer;
    this.#turn = turn;
    const { answer } = turn;
    const running = isRunning(answer);
    setAttribute(this.element, "aria-busy", String(running));
    this.#showText(answer, running);
    if (!running) this.#settle(answer, previous);
    else if (previous === undefined || !isRunning(previous)) fill(this.#after);
  }

  #showText(answer: Answer, running: boolean): void {
    const known = this.#sources.show(answer.sources, this.#citedBy(answer, running));
    // What was no citation before its source was known may be one now.
    if (known) this.#markdown.clear();
    if (answer.text === "") this.#cited.clear();
    this.#markdown.show(answer.text, running);
    if (!running) this.#sources.show(answer.sources, this.#citedBy(answer, false));
  }

  #citedBy({ cited, text }: Answer, running: boolean): "reading" | "written" | ReadonlySet<number> {
    if (running) return text === "" ? "reading" : "written";
    return cited.length > 0 ? new Set(cited) : this.#cited;
  }

  #showProgress({ answer, mode }: Turn, service: ServiceState): void {
    const since = service.kind === "waking" ? service.since : undefined;
    const doing = [answer.status, answer.text === "", answer.sources.length, service.kind, since].join();
    if (doing === this.#doing) return;
    this.#doing = doing;
    fill(this.#progress, this.#progressLine(answer, mode, service));
  }

  #progressLine(answer: Answer, mode: Turn["mode"], service: ServiceState): HTMLElement | null {
    const { searching, reading, readingSelection, reconnecting } = this.#strings;
    const line = (text: string): HTMLElement => h("p", { class: "progress" }, text);
    if (!isRunning(answer)) return null;
    if (answer.status === "reconnecting") return line(reconnecting);
    if (answer.status === "waking") {
      return wakingLine(service.kind === "waking" ? service.since : Date.now(), this.#strings);
    }
    if (answer.text !== "") return null;
    if (mode === "selection") return line(readingSelection);
    return line(answer.sources.length > 0 ? reading(answer.sources.length) : searching);
  }

  /** What is told once the answer has ended, however it did. */
  #settle(answer: Answer, previous: Answer | undefined): void {
    const ended =
      previous === undefined || isRunning(previous) || previous.finishReason !== answer.finishReason;
    if (
      !ended &&
      previous.rating === answer.rating &&
      previous.failure === answer.failure &&
      previous.id === answer.id
    )
      return;
    const note = noteOn(answer, this.#strings);
    fill(
      this.#after,
      this.#suggestions(answer),
      note !== undefined && h("p", { class: "note" }, note),
      this.#failure(answer),
      this.#buttons(answer),
    );
  }

  #failure({ failure }: Answer): HTMLElement | null {
    const key = this.#turn?.key ?? 0;
    const { retry, edit, startAnew } = this.#actions;
    if (!failure) return null;
    return failureBox(failure, this.#strings, { retry: () => retry(key), edit: () => edit(key), startAnew });
  }

  #suggestions({ suggestions }: Answer): HTMLElement | null {
    if (suggestions.length === 0) return null;
    const items = suggestions.map(({ heading, url }) => {
      const shown = heading.replaceAll(" > ", " › ");
      const address = safeUrl(url, this.#linkBase);
      if (!address) return h("li", { dir: "auto" }, this.#askAbout(heading, shown));
      const link = linkTo(address);
      link.append(shown);
      return h("li", { dir: "auto" }, link);
    });
    return h("div", { class: "nearest" }, h("p", {}, this.#strings.nearest), h("ul", {}, ...items));
  }

  /** A page that no link leads to can still be asked about. */
  #askAbout(heading: string, shown: string): HTMLElement {
    const question = this.#strings.askAboutHeading(heading.split(" > ").at(-1) ?? heading);
    return h("button", { type: "button", class: "link", onclick: () => this.#actions.ask(question) }, shown);
  }

  #buttons({ text, id, rating, status }: Answer): HTMLElement | null {
    if (text === "" || status === "failed") return null;
    const labels = { label: this.#strings.copyAnswer, copied: this.#strings.copied };
    return h(
      "div",
      { class: "actions", part: "actions" },
      copyButton(labels, () => this.#turn?.answer.text ?? "", this.#actions.announce),
      id !== undefined && this.#ratingButton("up", this.#strings.good, rating),
      id !== undefined && this.#ratingButton("down", this.#strings.bad, rating),
    );
  }

  #ratingButton(value: "up" | "down", label: string, rating: string | undefined): HTMLElement {
    const button = iconButton(value, label, () => void this.#rate(value));
    button.dataset.rating = value;
    button.setAttribute("aria-pressed", String(rating === value));
    return button;
  }

  async #rate(value: "up" | "down"): Promise<void> {
    const saved = await this.#actions.rate(this.#turn?.key ?? 0, value);
    this.#actions.announce(saved ? this.#strings.thanks : this.#strings.notRated);
    // The buttons were made anew, and took the focus with them, unless the reader has moved on meanwhile.
    const root = this.#after.getRootNode() as Document | ShadowRoot;
    if (root.activeElement && root.activeElement !== document.body) return;
    this.#after.querySelector<HTMLElement>(`[data-rating=${value}]`)?.focus();
  }

  #context(): MarkdownContext {
    return {
      isSource: (index) => this.#sources.has(index),
      cite: (index) => {
        this.#cited.add(index);
        return this.#sources.citation(index);
      },
      linkBase: this.#linkBase,
      codeBlock: (language) => codeBlock(language, this.#strings, this.#actions.announce),
      tableLabel: this.#strings.table,
    };
  }
}
