import { ApiError, failureOf } from "./errors";
import type { Platform } from "./platform";

export interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until what is read of the response must be there. */
  readonly patience?: number;
}

/** Proxies cut a request that is silent for about a minute. */
const PATIENCE_MS = 60_000;
const PROBE_PATIENCE_MS = 10_000;

/** Requests below one base address, which is the only one that is ever asked. */
export class Requests {
  readonly #base: string;
  readonly #platform: Platform;

  /** An empty base is the page's own origin. */
  constructor(base: string, platform: Platform) {
    this.#base = base.trim().replace(/\/+$/, "");
    this.#platform = platform;
  }

  /**
   * What `read` takes from the response, whatever its status. Throws ApiError where there is no response, the reason of
   * `signal` where that ends it, and what `read` throws.
   */
  async send<T>(path: string, call: Call, read: (response: Response) => T | Promise<T>): Promise<T> {
    const { method = "GET", json, headers, signal, patience = PATIENCE_MS } = call;
    const late = new AbortController();
    const giveUp = this.#platform.after(patience, () => late.abort());
    try {
      const response = await fetch(this.#base + path, {
        method,
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
        headers: { ...headers, ...(json !== undefined && { "Content-Type": "application/json" }) },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      });
      return await read(response);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ApiError) throw error;
      throw await this.#absence(late.signal.aborted);
    } finally {
      giveUp();
    }
  }

  /** The JSON of a response that succeeded. Throws as `send` does, and ApiError for every other response. */
  async json(path: string, call: Call = {}): Promise<unknown> {
    return this.send(path, call, async (response) => {
      const body = await jsonOf(response);
      if (!response.ok || body === undefined) throw await failureOf(response);
      return body;
    });
  }

  /** A request of which only the success counts. Throws as `json` does. */
  async tell(path: string, call: Call): Promise<void> {
    await this.send(path, call, async (response) => {
      if (!response.ok) throw await failureOf(response);
      await response.body?.cancel();
    });
  }

  /** Why no response came. A browser tells no more than that none did. */
  async #absence(late: boolean): Promise<ApiError> {
    if (!this.#platform.isOnline()) return new ApiError("offline");
    if (late || !this.#isElsewhere()) return new ApiError("unreachable");
    // Every page may read the widget, so a service that is up shows it even to one that may not ask. It is looked at
    // first: a service that wakes up in between is then not taken for one that does not allow this page.
    const isUp = await this.#responds("/widget.js", "cors", "HEAD");
    if (await this.#responds("/api/health", "cors")) return new ApiError("unreachable");
    if (isUp) return new ApiError("origin_not_allowed");
    const unreadable = await this.#responds("/api/health", "no-cors");
    return new ApiError("unreachable", { absence: unreadable ? "unreadable" : undefined });
  }

  #isElsewhere(): boolean {
    const here = typeof location === "undefined" ? "" : location.origin;
    return URL.canParse(this.#base) && new URL(this.#base).origin !== here;
  }

  /** Whether anything answers; in mode `cors`, anything that this page may read. */
  async #responds(path: string, mode: RequestMode, method = "GET"): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(PROBE_PATIENCE_MS);
      const response = await fetch(this.#base + path, { method, mode, cache: "no-store", signal });
      await response.body?.cancel();
      return mode === "no-cors" || method === "GET" || response.ok;
    } catch {
      return false;
    }
  }
}

/** The body, which can still be read again; undefined where it is no JSON. */
export function jsonOf(response: Response): Promise<unknown> {
  return response
    .clone()
    .json()
    .catch(() => undefined) as Promise<unknown>;
}
