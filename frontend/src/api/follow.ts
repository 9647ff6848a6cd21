import { eventsOf } from "./body";
import type { Decoder } from "./decode";
import { ApiError } from "./errors";
import { online, type Platform } from "./platform";
import type { AnswerEvent, ErrorCode } from "./types";

/** How long to wait before each attempt to take a broken stream up again, at most; progress begins them anew. */
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 8_000] as const;
/** The service sends a comment every 15 s: where three of them fail to come, nobody is there. */
const SILENCE_MS = 45_000;
/** Without an id there is nothing to gain from giving a stream up; but it cannot be waited for without end. */
const UNKNOWN_SILENCE_MS = 120_000;

/** Where an answer's stream stands. */
export interface Position {
  /** "" before `metadata`, and with a service that cannot resume. */
  messageId: string;
  /** The id of the last event, "" before any. */
  lastEventId: string;
}

export interface Wire {
  readonly platform: Platform;
  readonly decoder: Decoder;
  /** The body of the stream's rest, after `position.lastEventId`. Throws ApiError. */
  resume(
    position: Position & { messageId: string },
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>>;
}

/**
 * The events of one answer up to `done` or `error`, whatever happens to the connection: nothing twice, nothing lost.
 * Begins with `body`, or without one at `position`. Throws ApiError, and the signal's reason where that ends it.
 */
export async function* follow(
  wire: Wire,
  body: ReadableStream<Uint8Array> | undefined,
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, void, undefined> {
  let told = 0;
  let toldAtMost = 0;
  for (let attempts = 0; ; attempts += 1) {
    try {
      body ??= await reopened(wire, position, signal);
      for await (const event of inOrder(wire, body, position, signal)) {
        told = event.type === "metadata" ? 1 : told + 1;
        if (told > toldAtMost) attempts = 0;
        toldAtMost = Math.max(told, toldAtMost);
        yield event;
        if (event.type === "done" || event.type === "error") return;
      }
    } catch (error) {
      if (!(error instanceof ApiError && PASSING.includes(error.code))) throw error;
    }
    body = undefined;
    const delay = RETRY_MS[attempts];
    if (!position.messageId || delay === undefined) throw new ApiError("interrupted");
    yield { type: "reconnecting" };
    await online(wire.platform, signal);
    // Many readers lose their connections at once: spread them.
    await wire.platform.sleep(delay * (0.5 + wire.platform.random() / 2), signal);
  }
}

async function reopened(
  wire: Wire,
  position: Position,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  try {
    return await wire.resume(position, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "invalid_event_id" || !position.lastEventId)
      throw error;
    // What we have seen is not known there: have all of it told anew.
    position.lastEventId = "";
    return wire.resume(position, signal);
  }
}

/** After these the stream may be there again. */
const PASSING: readonly ErrorCode[] = [
  "offline",
  "unreachable",
  "rate_limited",
  "storage_unavailable",
  "starting",
  "shutting_down",
  "internal_error",
];

/** The events of `body` that are new, from the next one on. Ends where one is missing. */
async function* inOrder(
  wire: Wire,
  body: ReadableStream<Uint8Array>,
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, void, undefined> {
  const silence = () => (position.messageId === "" ? UNKNOWN_SILENCE_MS : SILENCE_MS);
  for await (const { id, data } of eventsOf(body, wire.platform, signal, silence)) {
    const event = wire.decoder.event(data);
    const isStart = event?.type === "metadata";
    if (isStart) position.messageId = event.messageId ?? "";
    else {
      const step = distance(position.lastEventId, id);
      if (step <= 0) continue;
      if (step > 1) return;
    }
    position.lastEventId = id;
    if (event) yield event;
  }
}

/** How many events after `last` the one with `id` comes; 1 where the ids do not tell. */
function distance(last: string, id: string): number {
  const [from, to] = [numberOf(last), numberOf(id)];
  return from === undefined || to === undefined ? 1 : to - from;
}

function numberOf(id: string): number | undefined {
  const found = /:(\d+)$/.exec(id);
  return found ? Number(found[1]) : undefined;
}
