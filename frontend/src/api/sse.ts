import { ApiError } from "./errors";

/** One server-sent event whose data is JSON. */
export interface Message {
  /** The id that was last told, "" before any. */
  readonly id: string;
  readonly data: unknown;
}

/**
 * Server-sent events from a body that arrives in pieces of any cut: `push` takes the next piece and gives the events
 * that it completes, `end` those that the body's end does. Comments and fields other than `data` and `id` are ignored.
 * Both throw ApiError `protocol` where data is no JSON.
 */
export class EventParser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #id = "";
  #data: string[] = [];

  push(piece: Uint8Array): Message[] {
    return this.#lines(this.#decoder.decode(piece, { stream: true }));
  }

  /** A last event is complete without its blank line, too; one that was cut off is none. */
  end(): Message[] {
    const rest = this.#rest + this.#decoder.decode();
    const events: Message[] = [];
    // Only data shows whether it is whole.
    if (rest.startsWith("data:")) this.#take(rest, events);
    try {
      this.#dispatch(events);
    } catch {
      // The connection broke within it.
    }
    return events;
  }

  #lines(text: string): Message[] {
    const events: Message[] = [];
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line.endsWith("\r") ? line.slice(0, -1) : line, events);
    return events;
  }

  #take(line: string, events: Message[]): void {
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else if (field === "id") this.#id = value;
  }

  #dispatch(events: Message[]): void {
    const data = this.#data;
    this.#data = [];
    if (data.length === 0) return;
    const id = this.#id;
    const whole = parsed(data.join("\n"));
    if (whole) events.push({ id, data: whole.value });
    // Clients of the frozen contract read line by line; so a server for them may leave the blank lines out.
    else for (const line of data) events.push({ id, data: parsedOrThrow(line) });
  }
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function parsedOrThrow(text: string): unknown {
  const found = parsed(text);
  if (!found) throw new ApiError("protocol");
  return found.value;
}
