import { vi } from "vitest";

import { createConversation } from "../../../../src/conversation";
import type { Answer, Conversation, ConversationState, Turn } from "../../../../src/conversation";
import { TestPlatform } from "../../api/support/platform";

/** A conversation and all that its listeners were told. */
export class Talk {
  readonly platform: TestPlatform;
  readonly conversation: Conversation;
  readonly states: ConversationState[] = [];

  constructor(api: string, platform = new TestPlatform()) {
    this.platform = platform;
    this.conversation = createConversation({ api, platform });
    this.conversation.subscribe((state) => this.states.push(state));
  }

  get state(): ConversationState {
    return this.conversation.state;
  }

  /** The turn at `at`, from the end where that is negative. */
  turn(at = -1): Turn {
    const turn = this.state.turns.at(at);
    if (!turn) throw new Error(`there are only ${this.state.turns.length} turns`);
    return turn;
  }

  get answer(): Answer {
    return this.turn().answer;
  }

  /** Every status that the answer with `key` was told to have, without repetitions. */
  statuses(key = this.turn().key): string[] {
    const all = this.states.flatMap(({ turns }) => turns.filter((turn) => turn.key === key));
    return all.map(({ answer }) => answer.status).filter((status, at, list) => status !== list[at - 1]);
  }

  async until(condition: (talk: this) => boolean): Promise<void> {
    await vi.waitUntil(() => condition(this), { timeout: 5000, interval: 2 });
  }

  async settled(): Promise<Answer> {
    const open: readonly string[] = ["waiting", "waking", "streaming", "reconnecting"];
    await this.until(() => !open.includes(this.answer.status));
    return this.answer;
  }

  async asked(question: string): Promise<Answer> {
    this.conversation.ask(question);
    return this.settled();
  }
}
