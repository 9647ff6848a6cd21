/** A conversation as a reader sees it: header, notices, thread and composer. */

import type { Conversation, ConversationState } from "../conversation/state";
import type { Strings } from "../strings";
import { Announcer } from "./announcer";
import { Composer, type Draft } from "./composer";
import { h } from "./dom";
import { Header } from "./header";
import { Notice } from "./notice";
import { isAnswering } from "./state";
import { Thread } from "./thread";

export interface ChatOptions {
  readonly strings: Strings;
  readonly heading: string;
  readonly headingId: string;
  readonly placeholder: string | null;
  readonly suggestions: readonly string[];
  /** From where links are looked up; null where relative ones lead nowhere. */
  readonly linkBase: string | null;
  readonly draft: Draft;
  readonly close?: () => void;
  readonly expand?: () => boolean;
}

export class ChatView {
  readonly elements: readonly HTMLElement[];
  readonly #announcer: Announcer;
  readonly #conversation: Conversation;
  readonly #strings: Strings;
  readonly #placeholder: string;
  readonly #header: Header;
  readonly #notice: Notice;
  readonly #thread: Thread;
  readonly #composer: Composer;
  readonly #unsubscribe: () => void;

  constructor(conversation: Conversation, options: ChatOptions) {
    const { strings, linkBase, heading, headingId, close, expand } = options;
    this.#conversation = conversation;
    this.#strings = strings;
    this.#placeholder = options.placeholder ?? strings.placeholder;
    this.#announcer = new Announcer(strings);
    const announce = (text: string): void => this.#announcer.say(text);
    const startAnew = (): void => {
      conversation.startAnew();
      this.focus();
    };
    this.#header = new Header(strings, heading, headingId, {
      startAnew,
      remove: async () => {
        const removed = await conversation.remove();
        if (removed) this.focus();
        return removed;
      },
      announce,
      ...(close && { close }),
      ...(expand && { expand }),
    });
    this.#notice = new Notice(strings);
    this.#thread = new Thread(strings, linkBase, {
      ask: (question) => this.ask(question),
      resume: () => void conversation.resume(),
      retry: (key) => conversation.retry(key),
      edit: (key) => this.#edit(key),
      startAnew,
      rate: (key, rating) => conversation.rate(key, rating),
      announce,
    });
    this.#thread.suggestions = options.suggestions;
    this.#composer = new Composer(strings, options.draft, {
      ask: (question) => this.ask(question),
      stop: () => conversation.stop(),
      clearSelection: () => conversation.select(undefined),
    });
    const hidden = h("div", { class: "announcements" }, this.#announcer.element);
    this.elements = [
      this.#header.element,
      this.#thread.element,
      this.#notice.element,
      this.#composer.element,
      hidden,
    ];
    this.#unsubscribe = conversation.subscribe((state) => this.#update(state));
    this.#update(conversation.state);
  }

  /** Asked while an answer is still being written, the question waits in the field. */
  ask(question: string): void {
    if (isAnswering(this.#conversation.state.turns)) this.#composer.put(question);
    else this.#conversation.ask(question);
  }

  set suggestions(suggestions: readonly string[]) {
    this.#thread.suggestions = suggestions;
    this.#thread.update(this.#conversation.state);
  }

  focus(): void {
    this.#composer.focus();
  }

  /** It has come into sight. */
  shown(): void {
    this.#thread.shown();
  }

  /** It has come into the page, or its size has changed. */
  resize(): void {
    this.#composer.resize();
  }

  /** False where there was nothing that Escape could leave. */
  escape(): boolean {
    return this.#header.cancel();
  }

  destroy(): void {
    this.#unsubscribe();
  }

  #edit(key: number): void {
    const turn = this.#conversation.state.turns.find((each) => each.key === key);
    if (turn) this.#composer.put(turn.question);
  }

  #update(state: ConversationState): void {
    const last = state.turns.at(-1);
    this.#header.update(state.turns.length > 0);
    this.#notice.update(state);
    this.#thread.update(state);
    const placeholder = last ? this.#strings.followUp : this.#placeholder;
    this.#composer.update(isAnswering(state.turns), state.selection, placeholder);
    if (last) this.#announcer.follow(last);
  }
}
