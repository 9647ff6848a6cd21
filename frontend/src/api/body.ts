import type { Platform } from "./platform";
import { EventParser, type Message } from "./sse";

/** How long a body may be silent after the last event, so that its connection can be used again. */
const DRAIN_MS = 5_000;

/**
 * The events of a body. It ends where the body ends, breaks off, or is silent for `silence()` milliseconds: all the same
 * to who reads, since only an event tells that an answer is over. Throws the signal's reason where that ends it, and
 * ApiError `protocol` for nonsense.
 */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  platform: Platform,
  signal: AbortSignal,
  silence: () => number,
): AsyncGenerator<Message, void, undefined> {
  const reader = body.getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const piece = await beforeSilence(reader, platform, silence());
      signal.throwIfAborted();
      if (!piece) break;
      yield* parser.push(piece);
    }
    yield* parser.end();
  } finally {
    void drain(reader, platform);
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** The next piece; undefined at the end, however it comes. */
async function beforeSilence(reader: Reader, platform: Platform, milliseconds: number) {
  const giveUp = platform.after(milliseconds, () => void reader.cancel().catch(() => undefined));
  const { value } = await reader.read().catch(() => ({ value: undefined }));
  giveUp();
  return value;
}

async function drain(reader: Reader, platform: Platform): Promise<void> {
  while (await beforeSilence(reader, platform, DRAIN_MS));
}
