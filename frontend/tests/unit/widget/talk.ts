/** A conversation whose state a test says, and which remembers what was asked of it. */

import type { Source } from "../../../src/api/types";
import type { Answer, Conversation, ConversationState, Turn } from "../../../src/conversation";
import { stringsFor } from "../../../src/strings";
import { ChatView, type ChatOptions } from "../../../src/widget/chat";

type Called = [name: string, ...given: unknown[]];

export class SaidConversation implements Conversation {
  readonly calls: Called[] = [];
  state: ConversationState;
  succeeds = true;
  readonly #listeners = new Set<(state: ConversationState) => void>();

  constructor(state: Partial<ConversationState> = {}) {
    this.state = { turns: [], service: { kind: "unknown" }, resuming: false, ...state };
  }

  tell(state: Partial<ConversationState>): void {
    this.state = { ...this.state, ...state };
    for (const listener of this.#listeners) listener(this.state);
  }

  subscribe(listener: (state: ConversationState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ask = (question: string): void => this.#call("ask", question);
  retry = (key: number): void => this.#call("retry", key);
  stop = (): void => this.#call("stop");
  select = (text: string | undefined): void => this.#call("select", text);
  startAnew = (): void => this.#call("startAnew");
  close = (): void => this.#call("close");

  rate(key: number, rating: "up" | "down"): Promise<boolean> {
    this.#call("rate", key, rating);
    return Promise.resolve(this.succeeds);
  }

  remove(): Promise<boolean> {
    this.#call("remove");
    return Promise.resolve(this.succeeds);
  }

  resume(): Promise<void> {
    this.#call("resume");
    return Promise.resolve();
  }

  #call(...call: Called): void {
    this.calls.push(call);
  }
}

export function source(index: number, more: Partial<Source> = {}): Source {
  return {
    index,
    file: `docs/${index}.md`,
    heading: `Sensors > Heading ${index}`,
    similarity: 0.5,
    url: `https://docs.example.org/${index}#heading`,
    ...more,
  };
}

export function turn(answer: Partial<Answer> = {}, more: Partial<Turn> = {}): Turn {
  const complete = {
    text: "Twenty times [1].",
    status: "complete",
    sources: [source(1), source(2)],
    cited: [1],
  } as const;
  return {
    key: 1,
    question: "How fast?",
    mode: "general",
    answer: { id: "m", suggestions: [], ...complete, ...answer },
    ...more,
  };
}

export interface Shown {
  readonly root: HTMLElement;
  readonly conversation: SaidConversation;
  readonly chat: ChatView;
  readonly draft: { text: string };
  readonly find: (selector: string) => HTMLElement;
  readonly button: (name: string) => HTMLButtonElement;
  readonly has: (selector: string) => boolean;
}

/** The chat in a shadow root, as an element has it. */
export function shown(state: Partial<ConversationState> = {}, options: Partial<ChatOptions> = {}): Shown {
  const host = document.createElement("div");
  const root = document.createElement("div");
  host.attachShadow({ mode: "open" }).append(root);
  document.body.replaceChildren(host);
  const conversation = new SaidConversation(state);
  const draft = { text: "" };
  const chat = new ChatView(conversation, {
    strings: stringsFor("en"),
    heading: "Ask",
    headingId: "heading",
    placeholder: null,
    suggestions: [],
    linkBase: "https://site.example.org/docs/",
    draft: { read: () => draft.text, write: (text) => (draft.text = text) },
    ...options,
  });
  root.append(...chat.elements);
  const find = (selector: string): HTMLElement => {
    const found = root.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`no ${selector}`);
    return found;
  };
  const button = (name: string): HTMLButtonElement => {
    const all = [...root.querySelectorAll("button")];
    const found = all.find((each) => (each.getAttribute("aria-label") ?? each.textContent) === name);
    if (!found) throw new Error(`no button "${name}" among ${all.map((each) => each.textContent).join()}`);
    return found;
  };
  return {
    root,
    conversation,
    chat,
    draft,
    find,
    button,
    has: (selector) => root.querySelector(selector) !== null,
  };
}
