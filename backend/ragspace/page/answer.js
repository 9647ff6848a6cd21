/** One answer in the thread: its text as it comes, its sources, and what can be done with it. */

import { request } from "./api.js";
import { announce, copyButton, element, icon, outwardLink } from "./dom.js";
import { failureBox } from "./failure.js";
import { safeUrl } from "./inline.js";
import { MarkdownView } from "./markdown.js";
import { SourceList } from "./sources.js";

const NOTES = {
  length: "The answer reached its length limit and ends here.",
  safety: "The language model's safety rules ended this answer.",
  stopped: "Stopped.",
  incomplete: "This answer was cut off.",
};

/** `onQuestion(text)` asks another question; `keepingInSight(change)` runs a change that makes the thread grow. */
export class AnswerView {
  messageId = null;
  element = element("article", { class: "answer", "aria-label": "Answer", "aria-busy": "true" });
  #text = "";
  #onQuestion;
  #keepingInSight;
  #progress = element("p", { class: "progress" });
  #prose = element("div", { class: "prose" });
  #after = element("div", { class: "after" });
  #sources = new SourceList();
  #cited = new Set();
  #frame = 0;
  #markdown = new MarkdownView(this.#prose, (index) => this.#citation(index));

  constructor({ onQuestion, keepingInSight }) {
    this.#onQuestion = onQuestion;
    this.#keepingInSight = keepingInSight;
    this.element.append(this.#progress, this.#prose, this.#after, this.#sources.element);
    this.restart();
  }

  /** Empty again, as when an answer is told anew from its start. */
  restart() {
    this.messageId = null;
    this.#text = "";
    this.#markdown.clear();
    this.#cited.clear();
    this.#sources.show([]);
    this.#after.replaceChildren();
    this.waitFor("Searching the documents");
    this.element.setAttribute("aria-busy", "true");
  }

  /** Say what is happening while there is no text yet. */
  waitFor(what) {
    this.#say(`${what} …`);
  }

  /** Takes the next event of the stream; one of a type that is not known changes nothing. */
  apply(event) {
    if (event.type === "metadata") {
      this.restart();
      this.messageId = event.message_id ?? null;
    } else if (event.type === "sources") {
      this.#sources.show(event.sources);
      const count = event.sources.length;
      if (count && !this.#text) this.waitFor(`Reading ${count} ${count === 1 ? "passage" : "passages"}`);
    } else if (event.type === "token") {
      this.#write(event.content);
    } else if (event.type === "done") {
      this.finish(event);
    }
  }

  /** The answer is complete: `told` is the `done` event, or as much of it as is stored. */
  finish(told) {
    if (!this.#text && told.content) this.#write(told.content);
    this.#sources.show(told.sources ?? []);
    this.#settle(told.cited);
    if (told.suggestions?.length) this.#after.append(this.#suggestions(told.suggestions));
    if (NOTES[told.finish_reason]) this.#after.append(element("p", { class: "note" }, NOTES[told.finish_reason]));
    this.#after.append(this.#actions(told));
    announce(this.#prose.innerText);
  }

  /** The answer failed; what was written of it stays. */
  fail({ message, retryAfter, retry, label }) {
    this.#settle();
    this.#after.append(failureBox({ message, retryAfter, retry, label }));
    announce(message);
  }

  /** The connection was given up by the reader. */
  abandon() {
    this.#settle();
    this.#after.append(element("p", { class: "note" }, NOTES.stopped));
  }

  #settle(cited) {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#say("");
    this.#cited.clear();
    this.#markdown.clear();
    this.#markdown.append(this.#text);
    this.#markdown.render(false);
    this.#sources.settle(cited ? new Set(cited) : this.#cited);
    this.element.setAttribute("aria-busy", "false");
  }

  #say(progress) {
    this.#progress.textContent = progress;
    this.#progress.hidden = !progress;
  }

  #write(content) {
    this.#say("");
    this.#text += content;
    this.#markdown.append(content);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#keepingInSight(() => this.#markdown.render(true));
    });
  }

  #citation(index) {
    const link = this.#sources.citation(index);
    if (link) this.#cited.add(index);
    return link;
  }

  #suggestions(suggestions) {
    const items = suggestions.map(({ heading, url }) => {
      const address = safeUrl(url);
      const shown = heading.replaceAll(" > ", " › ");
      if (address) return element("li", {}, outwardLink(address, shown));
      const ask = () => this.#onQuestion(`What do the documents say about “${heading.split(" > ").at(-1)}”?`);
      return element("li", {}, element("button", { type: "button", class: "link", onclick: ask }, shown));
    });
    return element("div", { class: "nearest" }, element("p", {}, "Nearest in the documents:"), element("ul", {}, ...items));
  }

  #actions({ rating, model, finish_reason: reason, timings }) {
    const writer = reason === "extractive" ? "Quoted from the documents" : model;
    const facts = [writer, duration(timings?.total_ms)].filter(Boolean).join(" · ");
    return element(
      "div",
      { class: "actions" },
      copyButton("Copy the answer", () => this.#text),
      this.messageId && this.#ratingButton("up", "Good answer", rating),
      this.messageId && this.#ratingButton("down", "Bad answer", rating),
      facts ? element("span", { class: "facts" }, facts) : null,
    );
  }

  #ratingButton(value, label, rating) {
    const pressed = String(rating === value);
    const attributes = { type: "button", class: "small rating", "aria-label": label, title: label, "aria-pressed": pressed };
    const rate = async ({ currentTarget: button }) => {
      const buttons = [...button.parentElement.querySelectorAll(".rating")];
      const before = buttons.map((each) => each.getAttribute("aria-pressed"));
      buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
      try {
        await request("api/feedback", { method: "POST", json: { message_id: this.messageId, rating: value } });
        announce("Thank you for the rating");
      } catch (error) {
        buttons.forEach((each, index) => each.setAttribute("aria-pressed", before[index]));
        announce(error.message);
      }
    };
    return element("button", { ...attributes, onclick: rate }, icon(value));
  }
}

function duration(milliseconds) {
  if (milliseconds === undefined) return null;
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
