import { defined } from "../api/defined";
import type { Platform } from "../api/platform";
import type { Answer, ConversationState, Turn } from "./state";

type Listener = (state: ConversationState) => void;
/** Undefined takes a key away. */
type Change = { readonly [Key in keyof ConversationState]?: ConversationState[Key] | undefined };

const EMPTY: ConversationState = { turns: [], service: { kind: "unknown" }, resuming: false };

/** The state, and who is told of its changes. */
export class Store {
  readonly #platform: Platform;
  readonly #listeners = new Set<Listener>();
  #isTellingSoon = false;
  state = EMPTY;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  subscribe(listener: Listener): () => void {
    // Each subscription is its own, also of one listener twice.
    const own: Listener = (state) => listener(state);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  change(change: Change): void {
    this.#become(change);
    this.#tell();
  }

  changeAnswer(key: number, change: (answer: Answer) => Answer): void {
    this.change(this.#changed(key, change));
  }

  /** As `changeAnswer`, but all changes before the next frame are told as one. */
  changeAnswerSoon(key: number, change: (answer: Answer) => Answer): void {
    this.#become(this.#changed(key, change));
    if (this.#isTellingSoon) return;
    this.#isTellingSoon = true;
    this.#platform.nextFrame(() => {
      if (this.#isTellingSoon) this.#tell();
    });
  }

  turn(key: number): Turn | undefined {
    return this.state.turns.find((turn) => turn.key === key);
  }

  close(): void {
    this.#listeners.clear();
  }

  #changed(key: number, change: (answer: Answer) => Answer): Change {
    return {
      turns: this.state.turns.map((turn) =>
        turn.key === key ? { ...turn, answer: change(turn.answer) } : turn,
      ),
    };
  }

  #become(change: Change): void {
    this.state = defined<ConversationState>({ ...this.state, ...change } as ConversationState);
  }

  #tell(): void {
    this.#isTellingSoon = false;
    for (const listener of [...this.#listeners]) {
      try {
        listener(this.state);
      } catch (error) {
        // A view's mistake must not end the conversation.
        this.#platform.report(error);
      }
    }
  }
}
