/** The name, and what can be done with the conversation as a whole. */

import type { Strings } from "../strings";
import { iconButton } from "./buttons";
import { fill, h } from "./dom";
import { icon } from "./icons";

export interface HeaderActions {
  startAnew(): void;
  remove(): Promise<boolean>;
  announce(text: string): void;
  /** Only of a panel that floats. */
  readonly close?: () => void;
  readonly expand?: () => boolean;
}

export class Header {
  readonly element: HTMLElement;
  readonly #confirmation = h("div", {});
  readonly #anew: HTMLButtonElement;
  readonly #remove: HTMLButtonElement;
  readonly #strings: Strings;
  readonly #actions: HeaderActions;

  constructor(strings: Strings, heading: string, headingId: string, actions: HeaderActions) {
    this.#strings = strings;
    this.#actions = actions;
    this.#anew = iconButton("plus", strings.startAnew, () => actions.startAnew());
    this.#remove = iconButton("trash", strings.remove, () => this.#ask());
    const { close } = actions;
    const bar = h(
      "div",
      { class: heading ? "bar" : "bar bare", part: "header" },
      h("h2", { id: headingId, dir: "auto", class: heading ? null : "hidden" }, heading || strings.heading),
      this.#anew,
      this.#remove,
      actions.expand && this.#expandButton(actions.expand),
      close && iconButton("close", strings.close, close),
    );
    this.element = h("div", { class: "header" }, bar, this.#confirmation);
  }

  update(hasTurns: boolean): void {
    this.#anew.hidden = this.#remove.hidden = !hasTurns;
    if (!hasTurns) fill(this.#confirmation);
  }

  /** False where nothing was waiting for an answer. */
  cancel(): boolean {
    if (!this.#confirmation.hasChildNodes()) return false;
    fill(this.#confirmation);
    this.#remove.focus();
    return true;
  }

  #expandButton(expand: () => boolean): HTMLElement {
    const { expand: larger, shrink } = this.#strings;
    const button = iconButton(
      "expand",
      larger,
      () => {
        const expanded = expand();
        const label = expanded ? shrink : larger;
        button.replaceChildren(icon(expanded ? "shrink" : "expand"));
        button.title = label;
        button.setAttribute("aria-label", label);
      },
      "small expander",
    );
    return button;
  }

  #ask(): void {
    const { removeQuestion, removeConfirm, cancel } = this.#strings;
    const keep = h("button", { type: "button", class: "quiet", onclick: () => void this.cancel() }, cancel);
    fill(
      this.#confirmation,
      h(
        "div",
        { class: "confirmation", role: "alertdialog", "aria-label": removeQuestion },
        h("p", {}, removeQuestion),
        h(
          "div",
          {},
          keep,
          h(
            "button",
            { type: "button", class: "quiet danger", onclick: () => void this.#confirmed() },
            removeConfirm,
          ),
        ),
      ),
    );
    keep.focus();
  }

  async #confirmed(): Promise<void> {
    const removed = await this.#actions.remove();
    const { removed: done, removeFailed } = this.#strings;
    this.#actions.announce(removed ? done : removeFailed);
    fill(this.#confirmation, !removed && h("p", { class: "confirmation" }, removeFailed));
  }
}
