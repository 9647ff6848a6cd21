/** What the views show. A `Conversation` makes a new `ConversationState` for every change and tells its listeners. */

import type { ErrorCode, FinishReason, Health, Mode, Source, Suggestion } from "../api/types";

/** How an answer stands. `waiting`: asked, no text yet. `waking`: kept until the service is up. */
export type AnswerStatus =
  "waking" | "waiting" | "streaming" | "reconnecting" | "complete" | "incomplete" | "stopped" | "failed";

export interface Failure {
  readonly code: ErrorCode;
  /** Time at which trying again makes sense, in milliseconds since the epoch. */
  readonly retryAt?: number;
}

export interface Answer {
  /** The service's message id, once it is known. */
  readonly id?: string;
  readonly text: string;
  readonly status: AnswerStatus;
  readonly sources: readonly Source[];
  readonly cited: readonly number[];
  readonly suggestions: readonly Suggestion[];
  readonly finishReason?: FinishReason;
  readonly failure?: Failure;
  readonly rating?: "up" | "down";
}

/** A question and its answer. `key` is stable for the lifetime of the page. */
export interface Turn {
  readonly key: number;
  readonly question: string;
  readonly mode: Mode;
  /** The reader's selected text, in selection mode. */
  readonly selection?: string;
  readonly answer: Answer;
}

export type ServiceState =
  | { readonly kind: "unknown" }
  | { readonly kind: "ready"; readonly health: Health }
  | { readonly kind: "impaired"; readonly health: Health }
  /** Asleep or starting; `since` in milliseconds since the epoch. */
  | { readonly kind: "waking"; readonly since: number }
  | { readonly kind: "offline" };

export interface ConversationState {
  readonly turns: readonly Turn[];
  readonly service: ServiceState;
  /** A past conversation is being fetched. */
  readonly resuming: boolean;
  /** Why it could not be fetched; `resume` tries again. Questions still continue it. */
  readonly resumeFailure?: Failure;
  /** The text that the next question will be about. */
  readonly selection?: string;
}

/** What a view may do. Nothing of it throws: what goes wrong becomes state. */
export interface Conversation {
  readonly state: ConversationState;
  subscribe(listener: (state: ConversationState) => void): () => void;
  ask(question: string): void;
  /** Ask the turn's question again, in its place. */
  retry(key: number): void;
  stop(): void;
  rate(key: number, rating: "up" | "down"): Promise<boolean>;
  select(text: string | undefined): void;
  /** Forget this conversation here, and begin a new one. */
  startAnew(): void;
  /** Delete it on the service too. False where that failed, and nothing is forgotten then. */
  remove(): Promise<boolean>;
  /** Fetch the last conversation of this browser, and go on listening to an answer that still runs. */
  resume(): Promise<void>;
  close(): void;
}
