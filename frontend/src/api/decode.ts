/** What the service sends, as our types: unknown keys and events are left out, what is missing gets its default. */

import { defined } from "./defined";
import { ApiError, isRecord, knownCode, secondsFrom } from "./errors";
import type {
  AnswerEvent,
  DoneEvent,
  ErrorEvent,
  FinishReason,
  Health,
  MessageStatus,
  MetadataEvent,
  Rating,
  Source,
  StoredMessage,
  Suggestion,
} from "./types";

const FINISH_REASONS: readonly FinishReason[] = [
  "stop",
  "length",
  "safety",
  "stopped",
  "not_found",
  "extractive",
];
const MESSAGE_STATUSES: readonly MessageStatus[] = ["running", "complete", "incomplete", "stopped", "failed"];
const RATINGS: readonly Rating[] = ["up", "down"];
const HEALTH_STATUSES: readonly Health["status"][] = ["healthy", "starting", "degraded", "unhealthy"];

/** Links that begin at the site's root are led below `docsBase` where that is set. */
export class Decoder {
  readonly #docsBase: string;

  constructor(docsBase = "") {
    this.#docsBase = docsBase.replace(/\/+$/, "");
  }

  /** Undefined for an event of a type that we do not know. Throws ApiError `protocol` where a known one is malformed. */
  event(data: unknown): AnswerEvent | undefined {
    const { type, ...told } = isRecord(data) ? data : {};
    switch (type) {
      case "metadata":
        return defined<MetadataEvent>({
          type,
          conversationId: needed(told.conversation_id),
          messageId: text(told.message_id),
        });
      case "sources":
        return { type, sources: this.sources(told.sources) };
      case "token":
        return { type, content: needed(told.content) };
      case "done":
        return defined<DoneEvent>({
          type,
          sources: this.sources(told.sources),
          suggestions: this.#suggestions(told.suggestions),
          finishReason: oneOf(FINISH_REASONS, told.finish_reason),
          cited: numbers(told.cited),
        });
      case "error":
        return defined<ErrorEvent>({
          type,
          code: knownCode(told.code),
          retryAfter: secondsFrom(told.retry_after),
        });
      default:
        return undefined;
    }
  }

  sources(value: unknown): Source[] {
    return records(value).map(({ index, similarity, ...source }, at) => {
      const file = text(source.file) ?? "";
      return defined<Source>({
        index: typeof index === "number" ? index : at + 1,
        file,
        heading: text(source.heading) ?? file,
        similarity: typeof similarity === "number" ? similarity : 0,
        url: this.#placed(text(source.url) ?? `/${file.replace(/\.md$/, "")}`),
        anchor: text(source.anchor),
        snippet: text(source.snippet),
      });
    });
  }

  #suggestions(value: unknown): Suggestion[] {
    return records(value).map((suggestion) => {
      const url = text(suggestion.url) ?? "";
      return { heading: text(suggestion.heading) ?? url, url: this.#placed(url) };
    });
  }

  #placed(url: string): string {
    return /^\/(?![/\\])/.test(url) ? this.#docsBase + url : url;
  }

  /** Throws ApiError `protocol` where it is no conversation. */
  messages(value: unknown): StoredMessage[] {
    if (!isRecord(value) || !Array.isArray(value.messages)) throw new ApiError("protocol");
    return records(value.messages).map((message) =>
      defined<StoredMessage>({
        id: text(message.id) ?? "",
        role: message.role === "user" ? "user" : "assistant",
        content: text(message.content) ?? "",
        sources: this.sources(message.sources),
        status: oneOf(MESSAGE_STATUSES, message.status),
        rating: oneOf(RATINGS, message.rating),
      }),
    );
  }
}

/** The health report, or undefined where `value` is none. */
export function healthOf(value: unknown): Health | undefined {
  if (!isRecord(value) || !isRecord(value.services)) return undefined;
  if (!oneOf(HEALTH_STATUSES, value.status)) return undefined;
  const { qdrant, postgres, gemini } = value.services;
  // Further keys do no harm, and the views look at the known ones only.
  return [qdrant, postgres, gemini].every(isRecord) ? (value as unknown as Health) : undefined;
}

function oneOf<T>(known: readonly T[], value: unknown): T | undefined {
  return known.find((one) => one === value);
}

/** Undefined where it is no text, or none in it. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}

function needed(value: unknown): string {
  if (typeof value !== "string") throw new ApiError("protocol");
  return value;
}

function numbers(value: unknown): number[] | undefined {
  return Array.isArray(value) ? value.filter((one) => typeof one === "number") : undefined;
}

function records(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
