/** The field for the question, and the selected text that it is about. */

import type { Strings } from "../strings";
import { iconButton } from "./buttons";
import { fill, h, setText } from "./dom";
import { icon } from "./icons";

const MAX_CHARACTERS = 2000;
/** How many must be left for it to be told. */
const TOLD_FROM = 200;
const MAX_ROWS = 6;

/** Where what is typed but not sent is kept. */
export interface Draft {
  read(): string;
  write(text: string): void;
}

export interface ComposerActions {
  ask(question: string): void;
  stop(): void;
  clearSelection(): void;
}

let fields = 0;

export class Composer {
  readonly element: HTMLFormElement;
  readonly #field: HTMLTextAreaElement;
  readonly #limit = h("span", { class: "limit", "aria-hidden": "true" });
  readonly #limitTold: HTMLElement;
  readonly #send: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #badge = h("div", { class: "badge-place" });
  readonly #strings: Strings;
  readonly #draft: Draft;
  readonly #actions: ComposerActions;
  #selection: string | undefined;
  #busy = false;

  constructor(strings: Strings, draft: Draft, actions: ComposerActions) {
    this.#strings = strings;
    this.#draft = draft;
    this.#actions = actions;
    const limitId = `limit-${(fields += 1)}`;
    this.#limitTold = h("span", { class: "hidden", id: limitId, "aria-live": "polite" });
    this.#field = h("textarea", {
      part: "field",
      rows: 1,
      dir: "auto",
      enterkeyhint: "send",
      autocomplete: "off",
      "aria-label": strings.question,
      "aria-describedby": limitId,
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#pressed(event as KeyboardEvent),
    });
    this.#send = h(
      "button",
      { type: "submit", class: "round", part: "send", "aria-label": strings.send, title: strings.send },
      icon("send"),
    );
    this.#stop = iconButton("stop", strings.stop, () => actions.stop(), "round");
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      this.#submit();
    };
    this.element = h(
      "form",
      { class: "composer", part: "composer", onsubmit },
      this.#badge,
      h("div", { class: "line" }, this.#field, this.#limit, this.#limitTold, this.#send, this.#stop),
    );
    this.#field.value = draft.read();
    this.#refresh();
  }

  update(busy: boolean, selection: string | undefined, placeholder: string): void {
    const hadFocus = this.#hasFocus();
    this.#field.placeholder = placeholder;
    this.#busy = busy;
    this.#send.hidden = busy;
    this.#stop.hidden = !busy;
    if (selection !== this.#selection) {
      this.#selection = selection;
      fill(this.#badge, selection !== undefined && this.#badgeFor(selection));
    }
    this.#refresh();
    // The button that was pressed may be gone.
    if (hadFocus && !this.#hasFocus()) this.focus();
  }

  focus(): void {
    this.#field.focus({ preventScroll: true });
  }

  /** Puts a question back into the field, in front of what was typed since. */
  put(question: string): void {
    this.#field.value = [question, this.#field.value].filter(Boolean).join("\n");
    this.#typed();
    this.focus();
  }

  /** The field's size depends on the room there is. */
  resize(): void {
    const field = this.#field;
    field.rows = 1;
    const line = parseFloat(getComputedStyle(field).lineHeight) || 24;
    const padding = field.clientHeight - line;
    field.rows = Math.max(1, Math.min(MAX_ROWS, Math.round((field.scrollHeight - padding) / line)));
  }

  #hasFocus(): boolean {
    const root = this.element.getRootNode();
    return root instanceof ShadowRoot && this.element.contains(root.activeElement);
  }

  #badgeFor(selection: string): HTMLElement {
    const { selection: name, clearSelection } = this.#strings;
    return h(
      "div",
      { class: "badge", part: "selection" },
      icon("quote"),
      h("strong", {}, name),
      h(
        "span",
        { class: "preview", dir: "auto", title: selection.slice(0, 1000) },
        selection.replace(/\s+/g, " ").slice(0, 200),
      ),
      iconButton("close", clearSelection, () => this.#actions.clearSelection()),
    );
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #typed(): void {
    this.#draft.write(this.#field.value);
    this.#refresh();
    this.resize();
  }

  /** Characters as the service counts them, without the blanks around. */
  #left(): number {
    return MAX_CHARACTERS - Array.from(this.#field.value.trim()).length;
  }

  #submit(): void {
    const question = this.#field.value.trim();
    if (this.#busy || question === "" || this.#left() < 0) return;
    this.#field.value = "";
    this.#typed();
    this.#actions.ask(question);
  }

  #refresh(): void {
    const left = this.#left();
    this.#send.disabled = left < 0 || left === MAX_CHARACTERS;
    const told = left <= TOLD_FROM;
    setText(this.#limit, told ? String(left) : "");
    setText(this.#limitTold, told && left % 10 === 0 ? this.#strings.charactersLeft(left) : "");
    this.#limit.title = told ? this.#strings.charactersLeft(left) : "";
    this.#limit.classList.toggle("over", left < 0);
    this.#field.setAttribute("aria-invalid", String(left < 0));
  }
}
