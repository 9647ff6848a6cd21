/** An answer on its way, and how it is stopped. */

import { request } from "./api.js";

const STOP_PATIENCE_MS = 4000;

export class Answering {
  #controller = new AbortController();
  #view;
  #stopping = false;

  constructor(view) {
    this.#view = view;
  }

  /** Aborted once nobody listens any more. */
  get signal() {
    return this.#controller.signal;
  }

  /** The server ends the answer and keeps what is written; where it does not react, the connection is given up. */
  stop() {
    this.#stopping = true;
    this.known();
    setTimeout(() => this.leave(), STOP_PATIENCE_MS);
  }

  /** The answer's id may have come: only then can the server be told to stop it. */
  known() {
    const id = this.#view.messageId;
    if (!this.#stopping || !id) return;
    request(`api/chat/${id}/stop`, { method: "POST", signal: this.signal }).catch(() => this.leave());
  }

  /** Stop listening; the server goes on. */
  leave() {
    this.#controller.abort();
  }
}
