import type { Platform } from "../../../../src/api/platform";

/** A browser's store, in memory. */
export class MemoryStorage implements Storage {
  readonly #values = new Map<string, string>();
  get length(): number {
    return this.#values.size;
  }
  clear(): void {
    this.#values.clear();
  }
  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }
  key(index: number): string | null {
    return [...this.#values.keys()][index] ?? null;
  }
  removeItem(key: string): void {
    this.#values.delete(key);
  }
  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }
}

interface Timer {
  readonly milliseconds: number;
  readonly run: () => void;
}

/**
 * A browser without a window whose time passes at once where something sleeps, and where something runs out only when the
 * test says so.
 */
export class TestPlatform implements Platform {
  time = 1_000_000;
  isConnected = true;
  /** How long each sleep was. */
  readonly slept: number[] = [];
  readonly reported: unknown[] = [];
  /** Frames are drawn at once unless a test draws them. */
  drawsFrames = true;
  readonly local: Storage;
  readonly session = new MemoryStorage();
  readonly stores = { local: () => this.local, session: () => this.session };
  readonly #frames: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  readonly #network = new Set<() => void>();

  constructor(local: Storage = new MemoryStorage()) {
    this.local = local;
  }

  now(): number {
    return this.time;
  }

  random(): number {
    return 0.999_999;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { milliseconds, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(Math.round(milliseconds));
    this.time += milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }

  nextFrame(run: () => void): void {
    if (this.drawsFrames) setImmediate(run);
    else this.#frames.push(run);
  }

  drawFrame(): void {
    for (const run of this.#frames.splice(0)) run();
  }

  /** Lets everything run out that waits for exactly `milliseconds`; tells how much that was. */
  runOut(milliseconds: number): number {
    const due = [...this.#timers].filter((timer) => timer.milliseconds === milliseconds);
    for (const timer of due) {
      this.#timers.delete(timer);
      timer.run();
    }
    return due.length;
  }

  isOnline(): boolean {
    return this.isConnected;
  }

  onNetwork(listener: () => void): () => void {
    this.#network.add(listener);
    return () => this.#network.delete(listener);
  }

  connect(isConnected: boolean): void {
    this.isConnected = isConnected;
    for (const listener of [...this.#network]) listener();
  }

  report(error: unknown): void {
    this.reported.push(error);
  }
}
