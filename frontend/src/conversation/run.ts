import type { Client } from "../api/client";
import type { Platform } from "../api/platform";

/** How long the service may take to end an answer that was stopped. */
const STOP_PATIENCE_MS = 4_000;

/** An answer on its way, and how it is stopped. */
export class Run {
  readonly key: number;
  readonly #client: Client;
  readonly #platform: Platform;
  readonly #abort = new AbortController();
  #messageId: string | undefined;
  #isStopping = false;
  #cancelPatience = (): void => undefined;
  /** Whether the service may have got the question. */
  inFlight = false;

  constructor(key: number, client: Client, platform: Platform) {
    this.key = key;
    this.#client = client;
    this.#platform = platform;
  }

  /** Aborted once nobody listens any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The service ends the answer and keeps what is written; where it does not, it is left. */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    if (!this.inFlight) {
      this.leave();
      return;
    }
    this.#cancelPatience = this.#platform.after(STOP_PATIENCE_MS, () => this.leave());
    if (this.#messageId !== undefined) this.#tell(this.#messageId);
  }

  /** The answer has begun. Without an id it can only be left. */
  known(messageId: string | undefined): void {
    this.#messageId = messageId;
    if (!this.#isStopping) return;
    if (messageId === undefined) this.leave();
    else this.#tell(messageId);
  }

  /** Listen no more; the service goes on. */
  leave(): void {
    this.#abort.abort();
  }

  end(): void {
    this.#cancelPatience();
  }

  #tell(messageId: string): void {
    this.#client.stop(messageId).catch(() => this.leave());
  }
}
