import { Client, type AnswerEvents } from "../api/client";
import { defined } from "../api/defined";
import { ApiError } from "../api/errors";
import { browser, unless, type Platform } from "../api/platform";
import type { AnswerEvent, ErrorCode, Question, Rating, StoredMessage } from "../api/types";
import { Drafts } from "./drafts";
import { Run } from "./run";
import { selected } from "./selection";
import { Service } from "./service";
import type {
  Answer,
  AnswerStatus,
  Conversation,
  ConversationState,
  Failure,
  ServiceState,
  Turn,
} from "./state";
import { Store } from "./store";
import { LastConversation } from "./stores";
import { abandoned, failed, failureFrom, newTurn, NO_ANSWER, restored, told } from "./turns";

export interface ConversationOptions {
  /** The service's address; empty for the page's own origin. */
  readonly api: string;
  /** Where links to pages lead that the service tells without a host; empty for the page's own origin. */
  readonly docsBase?: string;
  readonly platform?: Platform;
}

export function createConversation(options: ConversationOptions): Conversation {
  return new ServedConversation(options);
}

class ServedConversation implements Conversation {
  readonly #platform: Platform;
  readonly #client: Client;
  readonly #store: Store;
  readonly #service: Service;
  readonly #last: LastConversation;
  readonly #drafts: Drafts;
  readonly #closed = new AbortController();
  readonly #ignoreNetwork: () => void;
  /** The conversation's id, once the service has told it. */
  #id = "";
  #nextKey = 1;
  #run: Run | undefined;
  #resuming: Promise<void> | undefined;
  /** Turns whose connection was lost, but whose answer the service may have. */
  readonly #resumable = new Set<number>();

  constructor({ api, docsBase, platform = browser }: ConversationOptions) {
    this.#platform = platform;
    this.#client = new Client({ api, docsBase, platform });
    this.#store = new Store(platform);
    this.#last = new LastConversation(api, platform);
    this.#drafts = new Drafts(api, platform);
    this.#service = new Service(this.#client, platform, this.#closed.signal, (service) => {
      this.#serviceChanged(service);
    });
    this.#ignoreNetwork = platform.onNetwork(() => this.#networkChanged());
  }

  get state(): ConversationState {
    return this.#store.state;
  }

  subscribe(listener: (state: ConversationState) => void): () => void {
    return this.#store.subscribe(listener);
  }

  ask(question: string): void {
    const text = question.trim();
    if (!text || this.#run || this.#closed.signal.aborted) return;
    const turn = newTurn(this.#nextKey++, text, this.state.selection);
    this.#store.change({ turns: [...this.state.turns, turn], selection: undefined });
    this.#send(turn);
  }

  retry(key: number): void {
    const turn = this.#store.turn(key);
    if (!turn?.question || this.#run || this.#closed.signal.aborted) return;
    const { id } = turn.answer;
    if (id !== undefined && this.#resumable.has(key)) {
      this.#store.changeAnswer(key, ({ failure, ...answer }) => ({ ...answer, status: "reconnecting" }));
      this.#listen(key, id);
    } else {
      this.#store.changeAnswer(key, () => NO_ANSWER);
      this.#send(turn);
    }
  }

  stop(): void {
    this.#run?.stop();
  }

  async rate(key: number, rating: Rating): Promise<boolean> {
    const id = this.#store.turn(key)?.answer.id;
    if (id === undefined) return false;
    try {
      await this.#client.rate(id, rating);
    } catch {
      return false;
    }
    this.#store.changeAnswer(key, (answer) => ({ ...answer, rating }));
    return true;
  }

  select(text: string | undefined): void {
    this.#store.change({ selection: selected(text) });
  }

  startAnew(): void {
    this.#last.forget(this.#id);
    this.#drafts.sending("");
    this.#run?.leave();
    this.#run = undefined;
    this.#resuming = undefined;
    this.#id = "";
    this.#resumable.clear();
    this.#store.change({ turns: [], resuming: false, resumeFailure: undefined });
  }

  async remove(): Promise<boolean> {
    const id = this.#id;
    try {
      if (id) await this.#client.remove(id);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "conversation_not_found") return false;
    }
    // Another one may have been begun meanwhile.
    if (this.#id === id) this.startAnew();
    else this.#last.forget(id);
    return true;
  }

  async resume(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    void this.#service.refresh();
    const isFresh = this.#id === "" && this.state.turns.length === 0;
    const id = isFresh ? this.#last.id : this.state.resumeFailure ? this.#id : "";
    if (id && !this.#resuming) {
      const resuming = this.#restore(id).finally(() => {
        if (this.#resuming === resuming) this.#resuming = undefined;
      });
      this.#resuming = resuming;
    }
    await this.#resuming;
  }

  close(): void {
    this.#store.close();
    this.#ignoreNetwork();
    this.#run?.leave();
    this.#run = undefined;
    this.#closed.abort();
  }

  #networkChanged(): void {
    if (!this.#platform.isOnline()) {
      this.#service.wentOffline();
      return;
    }
    void this.#service.refresh();
    const last = this.state.turns.at(-1);
    if (last?.answer.failure?.code === "offline") this.retry(last.key);
  }

  #serviceChanged(service: ServiceState): void {
    this.#store.change({ service });
    const run = this.#run;
    if (run && !run.inFlight && service.kind === "waking") this.#setStatus(run.key, "waking");
  }

  #setStatus(key: number, status: AnswerStatus): void {
    this.#store.changeAnswer(key, (answer) => ({ ...answer, status }));
  }

  #send(turn: Turn): void {
    this.#drafts.sending(turn.question);
    const run = new Run(turn.key, this.#client, this.#platform);
    void this.#follow(run, this.#asked(turn, run));
  }

  #listen(key: number, messageId: string): void {
    const run = new Run(key, this.#client, this.#platform);
    run.inFlight = true;
    run.known(messageId);
    void this.#follow(run, this.#client.resume(messageId, run.signal));
  }

  async *#asked(turn: Turn, run: Run): AnswerEvents {
    // A conversation that is being fetched is the one to continue.
    if (this.#resuming) await unless(run.signal, this.#resuming);
    let wasSent = false;
    const ask = async (): Promise<AnswerEvents> => {
      const arrived = wasSent ? await this.#arrived(turn, run.signal) : undefined;
      run.inFlight = true;
      wasSent = true;
      if (arrived !== undefined) return this.#client.resume(arrived, run.signal);
      return this.#client.ask(questionOf(turn, this.#id), run.signal);
    };
    yield* await this.#service.onceUp(ask, run.signal, (why) => {
      run.inFlight = false;
      this.#setStatus(turn.key, why ?? "waiting");
    });
  }

  /** The answer to a question that may have arrived although its sending failed: it is not asked twice. */
  async #arrived(turn: Turn, signal: AbortSignal): Promise<string | undefined> {
    if (!this.#id) return undefined;
    const messages = await this.#client.conversation(this.#id, signal).catch((): StoredMessage[] => []);
    const [question, answer] = messages.slice(-2);
    if (question?.content !== turn.question || answer?.role !== "assistant" || answer.status === "failed")
      return;
    return this.state.turns.some(({ answer: { id } }) => id === answer.id) ? undefined : answer.id;
  }

  /** Shows what `events` tell, until they end, however they end. */
  async #follow(run: Run, events: AnswerEvents): Promise<void> {
    this.#run = run;
    this.#resumable.delete(run.key);
    try {
      for await (const event of events) {
        if (this.#run === run) this.#show(run, event);
        if (this.#run !== run) return;
      }
    } catch (error) {
      if (this.#run === run) this.#failed(run, error);
    } finally {
      run.end();
    }
  }

  #show(run: Run, event: AnswerEvent): void {
    const change = (answer: Answer): Answer => told(answer, event, this.#platform.now());
    switch (event.type) {
      case "metadata":
        this.#drafts.sending("");
        // An id that the service did not know is told anew.
        this.#id = event.conversationId;
        this.#last.keep(event.conversationId);
        this.#store.changeAnswerSoon(run.key, change);
        run.known(event.messageId);
        break;
      case "sources":
      case "token":
        this.#store.changeAnswerSoon(run.key, change);
        break;
      case "reconnecting":
        this.#store.changeAnswer(run.key, change);
        break;
      case "done":
      case "error":
        // Before anyone is told: who is told may ask at once.
        this.#run = undefined;
        this.#store.changeAnswer(run.key, change);
        if (event.type === "done") this.#service.answered();
        else void this.#service.refresh();
    }
  }

  #failed(run: Run, error: unknown): void {
    this.#run = undefined;
    if (run.signal.aborted) {
      this.#store.changeAnswer(run.key, abandoned);
      return;
    }
    const failure = this.#failureOf(error);
    const hasBegun = this.#store.turn(run.key)?.answer.id !== undefined;
    const isLost = hasBegun && GONE.has(failure.code);
    if (hasBegun && !isLost && failure.code !== "protocol") this.#resumable.add(run.key);
    const shown: Failure = isLost ? { code: "interrupted" } : failure;
    this.#store.changeAnswer(run.key, (answer) => failed(answer, shown));
    if (failure.code !== "offline") void this.#service.refresh();
  }

  async #restore(id: string): Promise<void> {
    this.#id = id;
    this.#store.change({ resuming: true, resumeFailure: undefined });
    const { signal } = this.#closed;
    const isStill = (): boolean => this.#id === id && !signal.aborted;
    try {
      const messages = await this.#service.onceUp(() => this.#client.conversation(id, signal), signal);
      if (isStill()) this.#restored(messages);
    } catch (error) {
      if (!isStill()) return;
      const failure = this.#failureOf(error);
      const isGone = GONE.has(failure.code);
      if (isGone) {
        this.#last.forget(id);
        this.#id = "";
      }
      this.#store.change({ resuming: false, resumeFailure: isGone ? undefined : failure });
    }
  }

  #restored(messages: readonly StoredMessage[]): void {
    const turns = restored(messages, this.#nextKey);
    this.#nextKey += turns.length;
    this.#store.change({ turns: [...turns, ...this.state.turns], resuming: false });
    const last = turns.at(-1);
    if (last?.answer.id === undefined || !isOpen(last.answer)) return;
    // How it goes on, or why it failed, is told by its stream.
    if (!this.#run) this.#listen(last.key, last.answer.id);
    else if (last.answer.status !== "failed") this.#interrupt(last.key);
  }

  /** Two answers are not listened to at once; the reader can have this one told later. */
  #interrupt(key: number): void {
    this.#resumable.add(key);
    this.#store.changeAnswer(key, (answer) => failed(answer, { code: "interrupted" }));
  }

  #failureOf(error: unknown): Failure {
    if (!(error instanceof ApiError)) {
      this.#platform.report(error);
      return { code: "protocol" };
    }
    // After all this waiting it is not asleep: it does not let this page read.
    const code = error.absence === "unreadable" ? "origin_not_allowed" : error.code;
    return failureFrom({ code, retryAfter: error.retryAfter }, this.#platform.now());
  }
}

/** What is named by an id is not there (any more). */
const GONE: ReadonlySet<ErrorCode> = new Set([
  "conversation_not_found",
  "message_not_found",
  "not_found",
  "validation_error",
]);

function isOpen({ status }: Answer): boolean {
  return status === "waiting" || status === "streaming" || status === "failed";
}

function questionOf({ question, mode, selection }: Turn, conversationId: string): Question {
  return defined<Question>({
    message: question,
    mode,
    context: selection,
    conversation_id: conversationId || undefined,
  });
}
