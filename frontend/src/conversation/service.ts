import type { Client } from "../api/client";
import { ApiError, type Absence } from "../api/errors";
import { unless, type Platform } from "../api/platform";
import type { ServiceState } from "./state";

const ATTEMPTS = 3;
const FIRST_POLL_MS = 1_000;
const LAST_POLL_MS = 5_000;
/** Waking takes up to two minutes; building anew, some more. */
const WAKING_LIMIT_MS = 300_000;
/** A service that nothing at all answers for does not sleep: the network or the address is at fault. */
const SILENT_POLLS = 4;
const FIRST_RECHECK_MS = 10_000;
const LAST_RECHECK_MS = 60_000;

/** How the service is, as far as it was asked. While something is wrong it is asked again by itself. */
export class Service {
  readonly #client: Client;
  readonly #platform: Platform;
  readonly #changed: (state: ServiceState) => void;
  readonly #closed: AbortSignal;
  #state: ServiceState = { kind: "unknown" };
  #waking: Promise<void> | undefined;
  #cancelRecheck = (): void => undefined;
  #recheckMs = FIRST_RECHECK_MS;

  constructor(
    client: Client,
    platform: Platform,
    closed: AbortSignal,
    changed: (state: ServiceState) => void,
  ) {
    this.#client = client;
    this.#platform = platform;
    this.#closed = closed;
    this.#changed = changed;
    closed.addEventListener("abort", () => this.#cancelRecheck());
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Ask once. Never throws; waits for a service that is waking in the background. */
  async refresh(): Promise<void> {
    this.#cancelRecheck();
    try {
      const absence = await this.#ask();
      if (absence) this.#wakeInBackground(absence);
    } catch (error) {
      if (this.#closed.aborted) return;
      const absence = error instanceof ApiError ? error.absence : undefined;
      // What cannot be read may be up all the same: only a question that fails shows that it is not.
      if (absence && absence !== "unreadable") this.#wakeInBackground(absence);
      else if (!this.#waking)
        this.#become(this.#platform.isOnline() ? { kind: "unknown" } : { kind: "offline" });
    }
  }

  /**
   * What `attempt` resolves to, which is made again once the service is up where it fails because that is not.
   * `waiting` is told why it waits, and undefined before each new attempt. Throws what `attempt` throws, ApiError where
   * the service does not come, and the reason of `signal`.
   */
  async onceUp<T>(
    attempt: () => Promise<T>,
    signal: AbortSignal,
    waiting: (why: "waking" | "reconnecting" | undefined) => void = () => undefined,
  ): Promise<T> {
    if (this.#waking) {
      waiting("waking");
      await unless(signal, this.#waking);
      waiting(undefined);
    }
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ApiError) || attempts === ATTEMPTS) throw error;
        if (!error.absence && error.code !== "unreachable") throw error;
        waiting(error.absence ? "waking" : "reconnecting");
        await unless(signal, this.#wake(error.absence));
        waiting(undefined);
      }
    }
  }

  wentOffline(): void {
    this.#cancelRecheck();
    this.#become({ kind: "offline" });
  }

  /** Something was answered: what was wrong may be over. */
  answered(): void {
    if (this.#state.kind !== "ready" && this.#state.kind !== "unknown") void this.refresh();
  }

  #wakeInBackground(absence: Absence): void {
    this.#wake(absence).catch(() => {
      if (!this.#closed.aborted && this.#state.kind === "waking") this.#become({ kind: "unknown" });
    });
  }

  /** Who waits for it at the same time waits for the same. */
  #wake(absence: Absence | undefined): Promise<void> {
    this.#waking ??= this.#poll(absence).finally(() => {
      this.#waking = undefined;
    });
    return this.#waking;
  }

  async #poll(first: Absence | undefined): Promise<void> {
    const since = this.#platform.now();
    let absence = first;
    let silent = 0;
    for (let polls = 1; ; polls += 1) {
      if (absence) this.#become({ kind: "waking", since });
      await this.#platform.sleep(Math.min(FIRST_POLL_MS * polls, LAST_POLL_MS), this.#closed);
      try {
        absence = await this.#ask();
        if (!absence) return;
      } catch (error) {
        if (!(error instanceof ApiError) || (error.code !== "unreachable" && !error.absence)) throw error;
        silent = error.absence ? 0 : silent + 1;
        absence = error.absence ?? absence;
        if (silent === SILENT_POLLS) throw error;
      }
      if (this.#platform.now() - since > WAKING_LIMIT_MS) throw new ApiError("unreachable", { absence });
    }
  }

  /** `starting` where it is so. Throws ApiError. */
  async #ask(): Promise<Absence | undefined> {
    const health = await this.#client.health(this.#closed);
    if (health.status === "starting") return "starting";
    if (health.status === "healthy") {
      this.#recheckMs = FIRST_RECHECK_MS;
      this.#become({ kind: "ready", health });
    } else {
      this.#become({ kind: "impaired", health });
      this.#cancelRecheck();
      this.#cancelRecheck = this.#platform.after(this.#recheckMs, () => void this.refresh());
      this.#recheckMs = Math.min(this.#recheckMs * 2, LAST_RECHECK_MS);
    }
    return undefined;
  }

  #become(state: ServiceState): void {
    if (this.#closed.aborted || (state.kind === this.#state.kind && !("health" in state))) return;
    this.#state = state;
    this.#changed(state);
  }
}
