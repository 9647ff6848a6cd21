import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: IncomingMessage["headers"];
}

type Reply = (response: ServerResponse, asked: Asked) => void | Promise<void>;

/** A real HTTP server on loopback that replies as it is told, and keeps what it was asked. */
export class Service {
  readonly asked: Asked[] = [];
  readonly #replies: { method: string; path: RegExp; replies: Reply[] }[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
    });
  }

  static async start(): Promise<Service> {
    const service = new Service();
    await service.listen(0);
    return service;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** `replies` are given in turn, the last one from then on. What was said before of the same is replaced. */
  on(method: string, path: string | RegExp, ...replies: Reply[]): this {
    const matcher = typeof path === "string" ? new RegExp(`^${path}$`) : path;
    const before = this.#replies.findIndex(
      (rule) => rule.method === method && rule.path.source === matcher.source,
    );
    if (before >= 0) this.#replies.splice(before, 1);
    this.#replies.push({ method, path: matcher, replies: [...replies] });
    return this;
  }

  /** What was asked of `path`. */
  askedFor(method: string, path: string | RegExp): Asked[] {
    const matcher = typeof path === "string" ? new RegExp(`^${path}$`) : path;
    return this.asked.filter((asked) => asked.method === method && matcher.test(asked.path));
  }

  /** No connection is taken any more, and those that are there break. */
  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    const asked: Asked = {
      method: request.method ?? "",
      path: request.url ?? "",
      body: body ? (JSON.parse(body) as unknown) : undefined,
      headers: request.headers,
    };
    this.asked.push(asked);
    const rule = this.#replies.find(({ method, path }) => method === asked.method && path.test(asked.path));
    const reply = rule && rule.replies.length > 1 ? rule.replies.shift() : rule?.replies[0];
    await (reply ?? json(404, { detail: "Not Found" }))(response, asked);
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

export function failure(status: number, code: string, retryAfter?: number): Reply {
  const error = {
    code,
    message: "m",
    action: "a",
    request_id: "r",
    ...(retryAfter && { retry_after: retryAfter }),
  };
  return json(status, { error, detail: "m" });
}

export function html(status: number): Reply {
  return (response) => {
    response.writeHead(status, { "Content-Type": "text/html" });
    response.end("<!doctype html><title>Your space is starting</title>");
  };
}

export const noContent: Reply = (response) => {
  response.writeHead(204).end();
};

/** A connection that breaks before anything was said. */
export const broken: Reply = (response) => {
  response.socket?.destroy();
};

export interface Sending {
  /** Break the connection after this many bytes. */
  readonly cutAfter?: number;
  /** Send in pieces of this many bytes. */
  readonly pieces?: number;
  /** Stay open after the last byte. */
  readonly open?: boolean;
}

/** A response of server-sent events, exactly these bytes. */
export function stream(body: string | Buffer, { cutAfter, pieces, open = false }: Sending = {}): Reply {
  return async (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    const bytes = Buffer.from(body as string).subarray(0, cutAfter);
    const size = pieces ?? Math.max(bytes.length, 1);
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise<unknown>((resolve) => response.write(bytes.subarray(at, at + size), resolve));
      if (pieces !== undefined) await new Promise((resolve) => setImmediate(resolve));
    }
    if (cutAfter !== undefined) response.socket?.destroy();
    else if (!open) response.end();
  };
}

export type Event = Readonly<Record<string, unknown>>;

/** An answer as the service numbers and keeps it. */
export class ServedAnswer {
  readonly id = randomUUID();
  readonly conversationId: string;
  readonly events: readonly Event[];

  constructor(events: readonly Event[], conversationId: string = randomUUID()) {
    this.conversationId = conversationId;
    const metadata = {
      type: "metadata",
      conversation_id: conversationId,
      message_id: this.id,
      mode: "general",
    };
    this.events = [metadata, ...events];
  }

  /** The events after the first `seen`, on the wire. */
  frames(seen = 0, upTo = this.events.length): string {
    return this.events
      .slice(seen, upTo)
      .map((event, at) => `id: ${this.id}:${seen + at + 1}\ndata: ${JSON.stringify(event)}\n\n`)
      .join("");
  }

  /** Replies to a request to resume it as docs/api.md says. */
  resumed(sending: Sending = {}): Reply {
    return (response, asked) => {
      const last = asked.headers["last-event-id"];
      const seen = typeof last === "string" ? Number(last.split(":")[1]) : 0;
      if (typeof last === "string" && (!last.startsWith(`${this.id}:`) || !(seen <= this.events.length))) {
        return failure(400, "invalid_event_id")(response, asked);
      }
      return stream(this.frames(seen), sending)(response, asked);
    };
  }

  get path(): string {
    return `/api/chat/${this.id}/stream`;
  }
}

export const SOURCE = {
  file: "docs/module-01/chapter-03.md",
  heading: "Sensors > LiDAR",
  similarity: 0.82,
  index: 1,
  anchor: "lidar",
  url: "/docs/module-01/chapter-03#lidar",
  snippet: "LiDAR measures distance",
};

export const token = (content: string): Event => ({ type: "token", content });
export const sources: Event = { type: "sources", sources: [SOURCE] };
export const done = (more: Event = {}): Event => ({
  type: "done",
  sources: [SOURCE],
  finish_reason: "stop",
  cited: [1],
  ...more,
});

export const HEALTH = {
  status: "healthy",
  services: {
    fastapi: "ok",
    qdrant: { status: "connected", collection: "book", vectors: 12 },
    postgres: { status: "connected" },
    gemini: { status: "connected", model: "gemini" },
  },
  timestamp: "2026-01-01T00:00:00Z",
};
