/** The conversation so far, which follows its end while the reader is there. */

import type { ConversationState, Failure, Turn } from "../conversation/state";
import type { Strings } from "../strings";
import type { AnswerActions } from "./answer";
import { fill, h } from "./dom";
import { failureBox } from "./failure";
import { icon } from "./icons";
import { isRunning } from "./state";
import { TurnView } from "./turn";
import { welcome } from "./welcome";

/** In pixels: nearer to the end than this is at the end. */
const NEAR = 48;

export interface ThreadActions extends AnswerActions {
  readonly resume: () => void;
}

export class Thread {
  readonly element: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #content = h("div", { class: "turns" });
  readonly #newest: HTMLButtonElement;
  readonly #strings: Strings;
  readonly #linkBase: string | null;
  readonly #actions: ThreadActions;
  readonly #resuming: HTMLElement;
  readonly #views = new Map<number, TurnView>();
  #following = true;
  #wasRunning = false;
  #lastKey: number | undefined;
  #suggestions: readonly string[] = [];
  #welcome: HTMLElement | undefined;
  #resumeFailure: { readonly failure: Failure; readonly box: HTMLElement } | undefined;

  constructor(strings: Strings, linkBase: string | null, actions: ThreadActions) {
    this.#strings = strings;
    this.#linkBase = linkBase;
    this.#actions = actions;
    this.#resuming = h("p", { class: "progress resuming" }, strings.resuming);
    const attributes = {
      class: "thread",
      part: "thread",
      tabindex: 0,
      role: "region",
      "aria-label": strings.conversation,
    };
    this.#scroller = h("div", attributes, this.#content);
    this.#newest = h(
      "button",
      {
        type: "button",
        class: "newest",
        "aria-label": strings.toNewest,
        title: strings.toNewest,
        hidden: true,
      },
      icon("newest"),
    );
    this.#newest.addEventListener("click", () => this.#follow());
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#keepEnd()).observe(this.#scroller);
    this.element = h("div", { class: "thread-frame" }, this.#scroller, this.#newest);
  }

  set suggestions(suggestions: readonly string[]) {
    if (suggestions.join("\n") === this.#suggestions.join("\n")) return;
    this.#suggestions = suggestions;
    this.#welcome = undefined;
  }

  update({ turns, service, resuming, resumeFailure }: ConversationState): void {
    const views = turns.map((turn) => this.#viewOf(turn).element);
    const before = resuming ? this.#resuming : this.#failureBox(resumeFailure);
    fill(this.#content, before, ...(views.length > 0 || resuming ? views : [this.#welcomed()]));
    for (const key of this.#views.keys()) {
      if (!turns.some((turn) => turn.key === key)) this.#views.delete(key);
    }
    for (const turn of turns) this.#views.get(turn.key)?.update(turn, service);
    const last = turns.at(-1);
    if (last?.key !== this.#lastKey) this.#following = last !== undefined;
    this.#lastKey = last?.key;
    const running = last !== undefined && isRunning(last.answer);
    if (this.#wasRunning && !running) this.#stay(views.at(-1));
    else this.#keepEnd();
    this.#wasRunning = running;
  }

  /** A place in the thread is lost while it is out of sight. */
  shown(): void {
    this.#keepEnd();
  }

  #viewOf(turn: Turn): TurnView {
    let view = this.#views.get(turn.key);
    if (!view) {
      view = new TurnView(turn, this.#strings, this.#linkBase, this.#actions);
      this.#views.set(turn.key, view);
    }
    return view;
  }

  #welcomed(): HTMLElement {
    return (this.#welcome ??= welcome(this.#strings, this.#suggestions, (question) =>
      this.#actions.ask(question),
    ));
  }

  /** The earlier conversation could not be fetched. */
  #failureBox(failure: Failure | undefined): HTMLElement | undefined {
    if (failure && failure !== this.#resumeFailure?.failure) {
      const box = failureBox(failure, this.#strings, {
        ...this.#actions,
        retry: () => this.#actions.resume(),
        edit: () => undefined,
      });
      this.#resumeFailure = { failure, box };
    }
    return failure && this.#resumeFailure?.box;
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#newest.hidden = this.#following;
  }

  #follow(): void {
    this.#following = true;
    this.#keepEnd();
    this.#scroller.focus({ preventScroll: true });
  }

  /** What is told at the end does not move what is being read; an answer that came at once is read from its question on. */
  #stay(turn: HTMLElement | undefined): void {
    if (!this.#following || !turn) return;
    const start = turn.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
    if (start > 0) this.#scroller.scrollTop += start;
    this.#scrolled();
  }

  #keepEnd(): void {
    if (!this.#following || !this.#scroller.isConnected) return;
    this.#scroller.scrollTop = this.#views.size > 0 ? this.#scroller.scrollHeight : 0;
    this.#newest.hidden = true;
  }
}
