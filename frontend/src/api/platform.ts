/** What the core needs of a browser besides fetch, in one place, so that it runs (and is tested) without one. */

export interface Platform {
  /** Milliseconds since the epoch. */
  now(): number;
  /** 0 to 1, without 1. */
  random(): number;
  /** Runs `run` after `milliseconds`, unless what is returned is called before. */
  after(milliseconds: number, run: () => void): () => void;
  /** Resolves after `milliseconds`; rejects with the signal's reason where that ends it before. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Runs `run` before the next frame is drawn, and soon where none is. */
  nextFrame(run: () => void): void;
  isOnline(): boolean;
  /** Calls `listener` whenever the network comes or goes, until what is returned is called. */
  onNetwork(listener: () => void): () => void;
  /** Tells whoever develops the page of a mistake that must not end the conversation. */
  report(error: unknown): void;
  /** What the browser keeps: `local` for all of its tabs, `session` for this one. Each may be missing or throw. */
  readonly stores: { readonly local: () => Storage | undefined; readonly session: () => Storage | undefined };
}

/** A hidden page draws no frames. */
const HIDDEN_FRAME_MS = 200;

export const browser: Platform = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
  sleep: (milliseconds, signal) =>
    unless(signal, new Promise((resolve) => void browser.after(milliseconds, resolve))),
  nextFrame(run) {
    if (typeof document === "undefined" || document.hidden) setTimeout(run, HIDDEN_FRAME_MS);
    else requestAnimationFrame(run);
  },
  // `onLine` is only sure where it says no.
  isOnline: () => typeof navigator === "undefined" || (navigator.onLine as boolean | undefined) !== false,
  onNetwork(listener) {
    if (typeof addEventListener === "undefined") return () => undefined;
    addEventListener("online", listener);
    addEventListener("offline", listener);
    return () => {
      removeEventListener("online", listener);
      removeEventListener("offline", listener);
    };
  },
  report: (error) => reportError(error),
  stores: { local: () => globalThis.localStorage, session: () => globalThis.sessionStorage },
};

/** Resolves once the browser has a network, at once where it has one. */
export async function online(platform: Platform, signal: AbortSignal): Promise<void> {
  while (!platform.isOnline()) {
    let ignore: (() => void) | undefined;
    const changed = new Promise<void>((resolve) => (ignore = platform.onNetwork(resolve)));
    await unless(signal, changed).finally(ignore);
  }
}

/** As `promise`, but rejects with the signal's reason where that ends the wait. */
export function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      const end = (): void => reject(signal.reason as Error);
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    }),
  ]);
}
