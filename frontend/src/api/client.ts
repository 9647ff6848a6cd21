import { Decoder, healthOf } from "./decode";
import { failureOf } from "./errors";
import { follow, type Wire } from "./follow";
import { browser, type Platform } from "./platform";
import { jsonOf, Requests, type Call } from "./request";
import type { AnswerEvent, Health, Question, Rating, StoredMessage } from "./types";

const HEALTH_PATIENCE_MS = 10_000;

export interface ClientOptions {
  /** The service's address; empty for the page's own origin. */
  readonly api: string;
  /** Where links to pages lead that the service tells without a host. */
  readonly docsBase?: string | undefined;
  readonly platform?: Platform | undefined;
}

export type AnswerEvents = AsyncGenerator<AnswerEvent, void, undefined>;

/** The API of docs/api.md. Everything throws ApiError, or the reason of its signal. */
export class Client {
  readonly #requests: Requests;
  readonly #decoder: Decoder;
  readonly #wire: Wire;

  constructor({ api, docsBase, platform = browser }: ClientOptions) {
    this.#requests = new Requests(api, platform);
    this.#decoder = new Decoder(docsBase);
    this.#wire = {
      platform,
      decoder: this.#decoder,
      resume: ({ messageId, lastEventId }, signal) =>
        this.#stream(`/api/chat/${segment(messageId)}/stream`, {
          headers: lastEventId === "" ? {} : { "Last-Event-ID": lastEventId },
          signal,
        }),
    };
  }

  /** Resolves once the answer has begun: to its events, up to `done` or `error`, over however many connections. */
  async ask(question: Question, signal: AbortSignal): Promise<AnswerEvents> {
    const body = await this.#stream("/api/chat", { method: "POST", json: question, signal });
    return follow(this.#wire, body, { messageId: "", lastEventId: "" }, signal);
  }

  /** The events of an answer that was asked for before, from its start. */
  resume(messageId: string, signal: AbortSignal): AnswerEvents {
    return follow(this.#wire, undefined, { messageId, lastEventId: "" }, signal);
  }

  async #stream(path: string, call: Call): Promise<ReadableStream<Uint8Array>> {
    return this.#requests.send(path, call, async (response) => {
      const isStream = /^text\/event-stream\b/i.test(response.headers.get("Content-Type") ?? "");
      if (!response.ok || !isStream || !response.body) throw await failureOf(response);
      return response.body;
    });
  }

  async stop(messageId: string): Promise<void> {
    await this.#requests.tell(`/api/chat/${segment(messageId)}/stop`, { method: "POST" });
  }

  async rate(messageId: string, rating: Rating): Promise<void> {
    const json = { message_id: messageId, rating };
    await this.#requests.tell("/api/feedback", { method: "POST", json });
  }

  async conversation(id: string, signal?: AbortSignal): Promise<StoredMessage[]> {
    return this.#decoder.messages(await this.#requests.json(`/api/conversation/${segment(id)}`, { signal }));
  }

  async remove(id: string): Promise<void> {
    await this.#requests.tell(`/api/conversation/${segment(id)}`, { method: "DELETE" });
  }

  /** The health report, with any status: a service that is down still tells so. */
  async health(signal?: AbortSignal): Promise<Health> {
    return this.#requests.send("/api/health", { signal, patience: HEALTH_PATIENCE_MS }, async (response) => {
      const health = healthOf(await jsonOf(response));
      if (!health) throw await failureOf(response);
      return health;
    });
  }
}

function segment(id: string): string {
  return encodeURIComponent(id);
}
