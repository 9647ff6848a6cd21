/**
 * Markdown as DOM nodes, also while it is still being written.
 *
 * Text comes from a model and from documents, so it is never parsed as HTML: what is not Markdown is shown as it is.
 */

import { parseBlocks } from "./blocks.js";
import { copyButton, element } from "./dom.js";
import { appendInline } from "./inline.js";

/** Headings of an answer come below those of the page. */
const TOP_HEADING = 3;

/** Shows a growing text in `container`: what is settled stays untouched, only the last block is made anew. */
export class MarkdownView {
  #container;
  #citation;
  #settled = 0;
  #tail = "";

  /** `citation(number)` makes what `[1]` is shown as; null leaves it as text. */
  constructor(container, citation) {
    this.#container = container;
    this.#citation = citation;
  }

  append(text) {
    this.#tail += text;
  }

  clear() {
    this.#container.replaceChildren();
    this.#settled = 0;
    this.#tail = "";
  }

  /** Brings the container up to date; `open` while more text may follow. */
  render(open) {
    const lines = this.#tail.split(/\r?\n/);
    const blocks = parseBlocks(lines);
    const settling = open ? blocks.filter((_, index) => blocks[index + 1]?.line < lines.length - 2).length : blocks.length;
    const made = blocks.map((block, index) => {
      const stillOpen = open && index === blocks.length - 1;
      return blockElement(block, { citation: this.#citation, open: stillOpen });
    });
    while (this.#container.childNodes.length > this.#settled) this.#container.lastChild.remove();
    this.#container.append(...made.filter(Boolean));
    this.#settled += settling;
    if (settling > 0) this.#tail = lines.slice(blocks[settling]?.line ?? lines.length).join("\n");
  }
}

function blockElement(block, context) {
  return ELEMENTS[block.type](block, context);
}

const ELEMENTS = {
  paragraph({ text }, context) {
    // What may turn out to be a table is not shown as pipes first.
    if (context.open && text.startsWith("|") && text.split("\n").length < 3) return null;
    return filled("p", text, context);
  },

  heading({ level, text }, context) {
    return filled(`h${Math.min(6, TOP_HEADING + level - 1)}`, text, context);
  },

  code({ language, text }) {
    const bar = element("div", { class: "code-bar" }, element("span", {}, language), copyButton("Copy the code", () => text));
    return element("div", { class: "code" }, bar, element("pre", { tabindex: "0" }, element("code", {}, text)));
  },

  rule() {
    return element("hr");
  },

  quote({ blocks }, context) {
    return element("blockquote", {}, ...children(blocks, context));
  },

  list({ ordered, start, loose, items }, context) {
    const made = items.map((blocks, index) => {
      const within = { ...context, open: context.open && index === items.length - 1 };
      const [first, ...rest] = blocks;
      const tight = !loose && first?.type === "paragraph" && rest.every((block) => block.type !== "paragraph");
      if (!tight) return element("li", {}, ...children(blocks, within));
      const item = filled("li", first.text, { ...within, open: within.open && rest.length === 0 });
      item.append(...children(rest, within));
      return item;
    });
    return element(ordered ? "ol" : "ul", { start: ordered && start !== 1 && String(start) }, ...made);
  },

  table({ alignments, rows }, context) {
    const [head, ...body] = rows.map((row, index) => {
      const made = row.map((text, column) => {
        const open = context.open && index === rows.length - 1 && column === row.length - 1;
        const cell = filled(index === 0 ? "th" : "td", text, { ...context, open });
        if (alignments[column]) cell.className = alignments[column];
        return cell;
      });
      return element("tr", {}, ...made);
    });
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
    return element("div", { class: "table", tabindex: "0" }, table);
  },
};

function filled(tag, text, context) {
  const made = element(tag);
  appendInline(made, text, context);
  return made;
}

function children(blocks, context) {
  return blocks.map((block, index) => {
    return blockElement(block, { ...context, open: context.open && index === blocks.length - 1 });
  });
}
