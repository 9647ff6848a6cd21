import type { Platform } from "../api/platform";

/** A value in a browser's store. A store that is missing, full or forbidden keeps nothing, and fails nothing. */
export class Kept {
  readonly #store: () => Storage | undefined;
  readonly #key: string;

  constructor(store: () => Storage | undefined, key: string) {
    this.#store = store;
    this.#key = key;
  }

  get(): string {
    try {
      return this.#store()?.getItem(this.#key) ?? "";
    } catch {
      return "";
    }
  }

  set(value: string): void {
    try {
      if (value) this.#store()?.setItem(this.#key, value);
      else this.#store()?.removeItem(this.#key);
    } catch {
      // Nothing is kept, then.
    }
  }
}

/** What is kept for the service at `api`; `name` tells what. */
export function keyFor(api: string, name: string): string {
  return `ragspace-chat:${api.trim().replace(/\/+$/, "")}:${name}`;
}

/** The conversation that this browser was in last, among all of its tabs. */
export class LastConversation {
  readonly #kept: Kept;

  constructor(api: string, platform: Platform) {
    this.#kept = new Kept(platform.stores.local, keyFor(api, "conversation"));
  }

  get id(): string {
    return this.#kept.get();
  }

  keep(id: string): void {
    this.#kept.set(id);
  }

  /** Another tab may have begun another conversation meanwhile, which stays. */
  forget(id: string): void {
    if (this.#kept.get() === id) this.#kept.set("");
  }
}
