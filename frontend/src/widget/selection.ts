/** Text that the reader selects on the page, outside of the widget, and the button near it that asks about it. */

import type { Strings } from "../strings";
import { h } from "./dom";
import { icon } from "./icons";
import type { Variables } from "./stylesheets";

const SETTLED_MS = 250;
const MIN_CHARACTERS = 3;
/** What the button needs, in pixels. */
const ROOM = { width: 170, height: 48 };

export class SelectionButton {
  readonly element: HTMLButtonElement;
  /** What is selected now. */
  text: string | undefined;
  readonly #host: HTMLElement;
  readonly #variables: Variables;
  readonly #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    host: HTMLElement,
    strings: Strings,
    variables: Variables,
    take: () => void,
    changed: () => void,
  ) {
    this.#host = host;
    this.#variables = variables;
    this.#changed = changed;
    this.element = h(
      "button",
      {
        type: "button",
        class: "ask-selection",
        part: "ask-selection",
        hidden: true,
        onclick: take,
        // A press would clear the selection before it can be asked about.
        onpointerdown: (event) => event.preventDefault(),
      },
      icon("quote"),
      strings.askAboutSelection,
    );
  }

  watch(signal: AbortSignal): void {
    const soon = (): void => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), SETTLED_MS);
    };
    document.addEventListener("selectionchange", soon, { signal });
    addEventListener("scroll", soon, { signal, passive: true, capture: true });
    addEventListener("resize", soon, { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  hide(): void {
    this.text = undefined;
    this.element.hidden = true;
    this.#changed();
  }

  #look(): void {
    const range = this.#range();
    const text = range ? String(document.getSelection()).trim() : "";
    if (!range || text.length < MIN_CHARACTERS) {
      if (this.text !== undefined) this.hide();
      return;
    }
    this.text = text;
    this.#place(range.getBoundingClientRect());
    this.#changed();
  }

  /** Fields and what can be edited have uses of their own for a selection. */
  #range(): Range | null {
    const selection = document.getSelection();
    if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const common = range.commonAncestorContainer;
    const element = common instanceof Element ? common : common.parentElement;
    const own =
      element === this.#host ||
      element?.closest("input, textarea, [contenteditable]:not([contenteditable=false])");
    return own || document.activeElement?.matches("input, textarea") ? null : range;
  }

  /** Below the selection, or above it where there is no room; out of sight with it. */
  #place({ top, bottom, left, width }: DOMRect): void {
    const { clientWidth, clientHeight } = document.documentElement;
    const below = bottom + 8;
    const fits = below + ROOM.height < clientHeight;
    const x = Math.max(8, Math.min(left + width / 2 - ROOM.width / 2, clientWidth - ROOM.width - 8));
    const y = fits ? below : Math.max(8, top - ROOM.height);
    this.#variables.set("--_ask-x", `${Math.round(x)}px`);
    this.#variables.set("--_ask-y", `${Math.round(y)}px`);
    this.element.hidden = bottom < 0 || top > clientHeight;
  }
}
