/** What goes over the wire, as docs/api.md describes it. Optional is what the frozen part of the contract lacks. */

export type Mode = "general" | "selection";

export type FinishReason = "stop" | "length" | "safety" | "stopped" | "not_found" | "extractive";

export type Rating = "up" | "down";

/** A passage that the model was given. `index` and `url` are filled in where the service tells none. */
export interface Source {
  /** What `[1]` in the text refers to; from 1. */
  readonly index: number;
  readonly file: string;
  /** The heading path, joined with ` > `. */
  readonly heading: string;
  /** Cosine to the question, 0 to 1. */
  readonly similarity: number;
  /** The page and heading: absolute, or from the site's root. Not yet checked for its scheme. */
  readonly url: string;
  readonly anchor?: string;
  readonly snippet?: string;
}

/** A heading near to a question that nothing fits. */
export interface Suggestion {
  readonly heading: string;
  readonly url: string;
}

export const SERVICE_CODES = [
  "invalid_json",
  "invalid_event_id",
  "bad_request",
  "unauthorized",
  "origin_not_allowed",
  "conversation_not_found",
  "message_not_found",
  "not_found",
  "method_not_allowed",
  "request_timeout",
  "body_too_large",
  "unsupported_media_type",
  "validation_error",
  "head_too_large",
  "rate_limited",
  "quota_exceeded",
  "internal_error",
  "retrieval_unavailable",
  "generation_unavailable",
  "storage_unavailable",
  "starting",
  "shutting_down",
  "overloaded",
  "generation_timeout",
] as const;

/** The codes of the service, which docs/api.md lists. */
export type ServiceCode = (typeof SERVICE_CODES)[number];

/**
 * What can go wrong. The client's own: `offline`, the browser has no network; `unreachable`, nothing that is the service
 * answers; `interrupted`, the connection broke and could not be resumed; `protocol`, what came makes no sense.
 */
export type ErrorCode = ServiceCode | "offline" | "unreachable" | "interrupted" | "protocol";

export type ServiceStatus = "connected" | "unavailable" | "starting";

export type UnavailableReason =
  | "unreachable"
  | "timeout"
  | "unauthorized"
  | "quota_exceeded"
  | "collection_missing"
  | "dimension_mismatch"
  | "embedding_model_mismatch"
  | "port_blocked"
  | "rights"
  | "error";

export interface ServiceReport {
  readonly status: ServiceStatus;
  readonly mode?: "embedded";
  readonly reason?: UnavailableReason;
  /** What whoever runs the service can do about it. */
  readonly action?: string;
}

export interface IndexReport extends ServiceReport {
  readonly collection?: string;
  readonly vectors?: number;
  /** Whether what is searched is the project's own documentation. */
  readonly sample?: boolean;
}

export interface GenerationReport extends ServiceReport {
  readonly model?: string;
  readonly provider?: "gemini" | "openai" | "extractive";
}

export interface Health {
  readonly status: "healthy" | "starting" | "degraded" | "unhealthy";
  readonly services: {
    readonly qdrant: IndexReport;
    readonly postgres: ServiceReport;
    readonly gemini: GenerationReport;
  };
  readonly version?: string;
}

export interface Question {
  readonly message: string;
  readonly mode: Mode;
  readonly context?: string;
  readonly conversation_id?: string;
}

export interface MetadataEvent {
  readonly type: "metadata";
  readonly conversationId: string;
  readonly messageId?: string;
}

export interface SourcesEvent {
  readonly type: "sources";
  readonly sources: readonly Source[];
}

export interface TokenEvent {
  readonly type: "token";
  readonly content: string;
}

export interface DoneEvent {
  readonly type: "done";
  readonly sources: readonly Source[];
  readonly finishReason?: FinishReason;
  readonly cited?: readonly number[];
  readonly suggestions: readonly Suggestion[];
}

export interface ErrorEvent {
  readonly type: "error";
  readonly code: ErrorCode;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** The client's own: the connection broke and is being taken up again. */
export interface ReconnectingEvent {
  readonly type: "reconnecting";
}

/**
 * What an answer's stream tells. A `metadata` event that is not the first says that the answer is told anew from its
 * start: forget what came before.
 */
export type AnswerEvent =
  MetadataEvent | SourcesEvent | TokenEvent | DoneEvent | ErrorEvent | ReconnectingEvent;

export type MessageStatus = "running" | "complete" | "incomplete" | "stopped" | "failed";

export interface StoredMessage {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly sources: readonly Source[];
  readonly status?: MessageStatus;
  readonly rating?: Rating;
}
