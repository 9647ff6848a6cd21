/** What an element shows: a button and the panel that it opens, or the panel alone within the page. */

import type { Conversation } from "../conversation/state";
import { ChatView, type ChatOptions } from "./chat";
import { h, setAttribute } from "./dom";
import { trapTab } from "./focus";
import { icon } from "./icons";
import { SelectionButton } from "./selection";
import type { Settings } from "./settings";
import type { Variables } from "./stylesheets";
import { followViewport } from "./viewport";

const HEADING_ID = "heading";
const NARROW = "(max-width: 480px)";

export interface PanelEvents {
  opened(): void;
  closed(): void;
}

export class Panel {
  readonly #root: ShadowRoot;
  readonly #settings: Settings;
  readonly #events: PanelEvents;
  readonly #conversation: Conversation;
  readonly #chat: ChatView;
  readonly #panel: HTMLElement;
  readonly #launcher: HTMLButtonElement | undefined;
  readonly #selection: SelectionButton;
  readonly #abort = new AbortController();
  #returnTo: Element | null = null;

  constructor(
    root: ShadowRoot,
    frame: HTMLElement,
    settings: Settings,
    conversation: Conversation,
    variables: Variables,
    draft: ChatOptions["draft"],
    events: PanelEvents,
  ) {
    const { inline, strings } = settings;
    const { signal } = this.#abort;
    this.#root = root;
    this.#settings = settings;
    this.#events = events;
    this.#conversation = conversation;
    this.#chat = new ChatView(conversation, {
      ...settings,
      headingId: HEADING_ID,
      draft,
      ...(!inline && { close: () => this.close(), expand: () => this.#panel.classList.toggle("expanded") }),
    });
    const semantics = inline
      ? { role: "region" }
      : { role: "dialog", "aria-modal": "true", tabindex: -1, hidden: true };
    const name = { class: "panel", part: "panel", "aria-labelledby": HEADING_ID };
    this.#panel = h("section", { ...name, ...semantics }, ...this.#chat.elements);
    this.#panel.addEventListener("keydown", (event) => this.#pressed(event));
    this.#selection = new SelectionButton(
      root.host as HTMLElement,
      strings,
      variables,
      () => this.#takeSelection(),
      () => this.#labelLauncher(),
    );
    if (settings.asksAboutSelection) this.#selection.watch(signal);
    if (!inline) this.#launcher = this.#makeLauncher();
    // All that the site shows should be within a landmark; the panel within the page is one itself.
    if (!inline)
      for (const [name, value] of [
        ["role", "region"],
        ["aria-label", settings.heading],
      ] as const)
        frame.setAttribute(name, value);
    frame.replaceChildren(this.#selection.element, ...(this.#launcher ? [this.#launcher] : []), this.#panel);
    followViewport(variables, () => this.#chat.resize(), signal);
    if (inline) this.#chat.resize();
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  /** `focus` is false where the panel opens by itself. */
  open(focus = true): void {
    if (this.isOpen) return;
    this.#returnTo = this.#root.activeElement ?? document.activeElement;
    this.#panel.hidden = false;
    if (this.#launcher) setAttribute(this.#launcher, "aria-expanded", "true");
    this.#chat.resize();
    this.#chat.shown();
    if (focus) this.focus();
    this.#events.opened();
  }

  close(): void {
    if (this.#settings.inline || !this.isOpen) return;
    this.#panel.hidden = true;
    if (this.#launcher) setAttribute(this.#launcher, "aria-expanded", "false");
    const returnTo =
      this.#returnTo instanceof HTMLElement && this.#returnTo.isConnected && this.#returnTo !== document.body
        ? this.#returnTo
        : this.#launcher;
    returnTo?.focus();
    this.#events.closed();
  }

  /** Unasked, a phone's keyboard would hide half of the panel. */
  focus(): void {
    if (matchMedia("(pointer: coarse)").matches && !this.#settings.inline) this.#panel.focus();
    else this.#chat.focus();
  }

  ask(question: string): void {
    this.open();
    this.#chat.ask(question);
  }

  set suggestions(suggestions: readonly string[]) {
    this.#chat.suggestions = suggestions;
  }

  destroy(): void {
    this.#abort.abort();
    this.#chat.destroy();
  }

  /** Where the panel covers the page, a link into the page would lead out of sight. */
  closeIfCovering(): void {
    if (matchMedia(NARROW).matches) this.close();
  }

  #makeLauncher(): HTMLButtonElement {
    const { heading } = this.#settings;
    const onclick = (): void => {
      if (this.isOpen) this.close();
      else if (this.#selection.text !== undefined) this.#takeSelection();
      else this.open();
    };
    return h(
      "button",
      {
        type: "button",
        class: "launcher",
        part: "launcher",
        "aria-label": heading,
        title: heading,
        "aria-haspopup": "dialog",
        "aria-expanded": "false",
        onclick,
      },
      icon("chat"),
      icon("close"),
    );
  }

  #labelLauncher(): void {
    const { heading, strings } = this.#settings;
    const label = this.#selection.text === undefined ? heading : strings.openWithSelection;
    if (!this.#launcher) return;
    setAttribute(this.#launcher, "aria-label", label);
    setAttribute(this.#launcher, "title", label);
  }

  #takeSelection(): void {
    const { text } = this.#selection;
    if (text === undefined) return;
    this.#selection.hide();
    this.#conversation.select(text);
    if (this.isOpen) this.#chat.focus();
    else this.open(false);
    this.#chat.focus();
    (this.#root.host as HTMLElement).scrollIntoView({ block: "nearest" });
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key === "Escape" && !event.isComposing) {
      if (this.#chat.escape()) event.stopPropagation();
      else this.close();
    }
    if (!this.#settings.inline) trapTab(event, this.#panel, this.#root);
  }
}
