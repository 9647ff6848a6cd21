/** A text in Markdown that may still be growing. */

import type { MarkdownContext } from "./context";
import { highlightWhenIdle } from "./highlight";
import { mend } from "./mend";
import { patch, visible, type Shown } from "./nodes";
import { parse, type Token } from "./tokens";

/**
 * Only what is not yet complete is read anew when text is added. What is complete keeps its elements, and with them the
 * reader's selection.
 */
export class MarkdownView {
  readonly #container: HTMLElement;
  readonly #context: MarkdownContext;
  #text = "";
  /** How much of the text is shown for good, and by what. */
  #settled = 0;
  #finished: Shown[] = [];
  #open: Shown[] = [];

  constructor(container: HTMLElement, context: MarkdownContext) {
    this.#container = container;
    this.#context = context;
  }

  /** Shows `text`; `growing` says that more will come. */
  show(text: string, growing: boolean): void {
    const source = text.replace(/\r\n?/g, "\n");
    if (!source.startsWith(this.#text)) this.clear();
    this.#text = source;
    if (growing) this.#showGrowing(source);
    else this.#showWhole(source);
  }

  clear(): void {
    this.#container.replaceChildren();
    this.#text = "";
    this.#settled = 0;
    this.#finished = [];
    this.#open = [];
  }

  #showGrowing(source: string): void {
    const tail = source.slice(this.#settled);
    const tokens = parse(mend(tail));
    this.#open = patch(this.#container, this.#open, visible(tokens, this.#context), this.#context);
    this.#settle(tail, tokens);
  }

  /** Once it is complete, all of it is read once more, so that how it came makes no difference. */
  #showWhole(source: string): void {
    const shown = [...this.#finished, ...this.#open];
    this.#finished = patch(this.#container, shown, visible(parse(source), this.#context), this.#context);
    this.#open = [];
    this.#settled = source.length;
    this.#finished.forEach(highlightCode);
  }

  /** A block is complete when another began after it in a line that is itself complete. */
  #settle(tail: string, tokens: readonly Token[]): void {
    const lastLine = tail.lastIndexOf("\n") + 1;
    let end = 0;
    let settled = 0;
    let count = 0;
    let blocks = 0;
    for (const token of tokens) {
      if (end >= lastLine || !tail.startsWith(token.raw, end)) break;
      if (token.type !== "space") {
        settled = end;
        count = blocks;
        blocks += visible([token], this.#context).length;
      }
      end += token.raw.length;
    }
    const complete = this.#open.splice(0, count);
    this.#settled += settled;
    this.#finished.push(...complete);
    complete.forEach(highlightCode);
  }
}

function highlightCode(shown: Shown): void {
  if (shown.token.type === "code" && shown.inner) highlightWhenIdle(shown.inner, shown.token.lang ?? "");
  shown.children.forEach(highlightCode);
}
