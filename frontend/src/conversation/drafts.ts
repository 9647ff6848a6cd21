import { browser, type Platform } from "../api/platform";
import { Kept, keyFor } from "./stores";

/**
 * What the reader typed but did not get sent, over a reload and over closing the browser. Each tab has its own; a new
 * tab begins with what was typed last.
 */
export class Drafts {
  readonly #here: Kept;
  readonly #everywhere: Kept;
  readonly #unsent: Kept;

  constructor(api: string, platform: Platform = browser) {
    this.#here = new Kept(platform.stores.session, keyFor(api, "draft"));
    this.#everywhere = new Kept(platform.stores.local, keyFor(api, "draft"));
    this.#unsent = new Kept(platform.stores.session, keyFor(api, "unsent"));
  }

  /** What a field for the question begins with: a question that never arrived comes back, before what was typed after. */
  get text(): string {
    const typed = this.#here.get() || this.#everywhere.get();
    return [this.#unsent.get(), typed].filter(Boolean).join("\n\n");
  }

  /** Called with the field's text whenever it changes, "" once it was sent. */
  keep(text: string): void {
    const before = this.#here.get();
    this.#here.set(text);
    if (text || this.#everywhere.get() === before) this.#everywhere.set(text);
  }

  /** Called by the conversation: `question` is on its way, and "" once the service has it. */
  sending(question: string): void {
    this.#unsent.set(question);
  }
}
