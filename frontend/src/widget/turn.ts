/** A question and its answer. */

import type { ServiceState, Turn } from "../conversation/state";
import type { Strings } from "../strings";
import { AnswerView, type AnswerActions } from "./answer";
import { h } from "./dom";
import { icon } from "./icons";

export class TurnView {
  readonly element: HTMLElement;
  readonly #answer: AnswerView;

  constructor(turn: Turn, strings: Strings, linkBase: string | null, actions: AnswerActions) {
    this.#answer = new AnswerView(strings, linkBase, actions);
    this.element = h(
      "div",
      { class: "turn" },
      h(
        "div",
        { class: "question", part: "question" },
        turn.selection !== undefined && quoted(turn.selection, strings),
        h("h3", { dir: "auto" }, turn.question),
      ),
      this.#answer.element,
    );
  }

  update(turn: Turn, service: ServiceState): void {
    this.#answer.update(turn, service);
  }
}

function quoted(selection: string, strings: Strings): HTMLElement {
  return h(
    "details",
    { class: "asked-about" },
    h("summary", {}, icon("quote"), strings.askedAbout),
    h("blockquote", { dir: "auto" }, selection),
  );
}
