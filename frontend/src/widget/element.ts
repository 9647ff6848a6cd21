/** `<rag-chat>`, as docs/frontend.md describes it. */

import { browser } from "../api/platform";
import { createConversation, Drafts } from "../conversation";
import type { Conversation, ConversationState, ServiceState, Turn } from "../conversation";
import { Kept, keyFor } from "../conversation/stores";
import { h, setAttribute } from "./dom";
import { Panel } from "./panel";
import { ATTRIBUTES, settingsOf } from "./settings";
import { isRunning } from "./state";
import { sharedStyles, Variables } from "./stylesheets";
import { themeOf, watchTheme } from "./theme";

/** Of the event `rag-chat-answer`. */
export interface AnswerDetail {
  readonly question: string;
  readonly turn: Turn;
}

export class RagChatElement extends HTMLElement {
  static readonly observedAttributes: readonly string[] = ATTRIBUTES;

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #frame = h("div", { class: "frame" });
  readonly #variables = new Variables();
  #abort: AbortController | undefined;
  #conversation: Conversation | undefined;
  #api: string | undefined;
  #panel: Panel | undefined;
  #resumed = false;
  #renewing = false;
  #suggestions: readonly string[] | undefined;
  #service: ServiceState | undefined;
  #answered = new Set<number>();

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sharedStyles(), this.#variables.sheet];
    this.#root.append(this.#frame);
    this.#root.addEventListener("click", (event) => this.#clicked(event as MouseEvent));
  }

  connectedCallback(): void {
    this.#abort = new AbortController();
    watchTheme(() => this.#showTheme(), this.#abort.signal);
    this.#build();
  }

  disconnectedCallback(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#panel?.destroy();
    this.#panel = undefined;
    this.#leaveService();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.#abort || before === now) return;
    if (name === "theme") this.#showTheme();
    else this.#renew();
  }

  open(): void {
    this.#panel?.open();
  }

  close(): void {
    this.#panel?.close();
  }

  /** Opens the panel and asks. While an answer is being written, the question is put into the field instead. */
  ask(text: string): void {
    this.#panel?.ask(text);
  }

  /** First questions to choose from; the attribute has them separated by `|`. */
  get suggestions(): readonly string[] {
    return this.#suggestions ?? settingsOf(this).suggestions;
  }

  set suggestions(suggestions: readonly string[]) {
    this.#suggestions = suggestions;
    if (this.#panel) this.#panel.suggestions = suggestions;
  }

  override focus(): void {
    this.#panel?.focus();
  }

  /** Attributes that change together make for one change. */
  #renew(): void {
    if (this.#renewing) return;
    this.#renewing = true;
    queueMicrotask(() => {
      this.#renewing = false;
      if (this.#abort) this.#build();
    });
  }

  #build(): void {
    const settings = settingsOf(this);
    const wasOpen = this.#panel?.isOpen ?? false;
    this.#panel?.destroy();
    const conversation = this.#connect(settings.api, settings.docsBase);
    const drafts = new Drafts(settings.api);
    const draft = { read: () => drafts.text, write: (text: string) => drafts.keep(text) };
    const suggestions = this.#suggestions ?? settings.suggestions;
    setAttribute(this.#frame, "data-mode", settings.inline ? "inline" : "button");
    setAttribute(this.#frame, "lang", settings.strings.language);
    this.#showTheme();
    // A panel that was left open is open on the site's next page.
    const mark = new Kept(browser.stores.session, keyFor(settings.api, "open"));
    this.#panel = new Panel(
      this.#root,
      this.#frame,
      { ...settings, suggestions },
      conversation,
      this.#variables,
      draft,
      {
        opened: () => {
          mark.set("yes");
          this.#resume();
          this.#tell("rag-chat-open");
        },
        closed: () => {
          mark.set("");
          this.#tell("rag-chat-close");
        },
      },
    );
    if (settings.inline) this.#resume();
    else if (wasOpen || mark.get() !== "") this.#panel.open(false);
  }

  #connect(api: string, docsBase: string | undefined): Conversation {
    if (this.#conversation && this.#api === api) return this.#conversation;
    this.#leaveService();
    this.#api = api;
    const conversation = createConversation({ api, ...(docsBase !== undefined && { docsBase }) });
    conversation.subscribe((state) => this.#told(state));
    return (this.#conversation = conversation);
  }

  #leaveService(): void {
    this.#conversation?.close();
    this.#conversation = undefined;
    this.#api = undefined;
    this.#resumed = false;
    this.#answered.clear();
  }

  #resume(): void {
    if (this.#resumed) return;
    this.#resumed = true;
    void this.#conversation?.resume();
  }

  #told({ turns, service }: ConversationState): void {
    if (service !== this.#service) {
      this.#service = service;
      this.#tell("rag-chat-service", service);
    }
    for (const turn of turns) {
      if (isRunning(turn.answer)) this.#answered.add(turn.key);
      else if (this.#answered.delete(turn.key))
        this.#tell("rag-chat-answer", { question: turn.question, turn });
    }
  }

  #tell(type: string, detail?: unknown, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable }));
  }

  #showTheme(): void {
    setAttribute(this.#frame, "data-theme", themeOf(this.getAttribute("theme")));
  }

  /** A site whose pages change without being loaded may follow a link into itself in its own way. */
  #clicked(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (
      !link ||
      link.target ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    if (!this.#tell("rag-chat-navigate", { url: link.href }, true)) event.preventDefault();
    this.#panel?.closeIfCovering();
  }
}
