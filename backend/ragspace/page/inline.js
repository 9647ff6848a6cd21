/** Markdown within a block: emphasis, code, links, citations. Everything else is text. */

import { element, outwardLink } from "./dom.js";

/**
 * @typedef {object} Context
 * @property {(number: number) => ?Node} [citation] what `[1]` becomes; null leaves the text as it is
 * @property {boolean} [open] whether more text may follow: what is not closed yet is shown as if it were
 */

const MAX_DEPTH = 8;
const SPECIAL = /[\\`*_~[!<\n]|https?:\/\//g;
const CITATION = /\[(?:sources?\s+)?(\d{1,3}(?:\s*,\s*(?:sources?\s+)?\d{1,3})*)\](?!\()/iy;
const DESTINATION = /\(\s*(<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/y;
const BEGUN_DESTINATION = /\(\S*$/y;
const ANGLE = /<(?:(https?:\/\/[^\s<>]+|mailto:[^\s<>]+)|br\s*\/?)>/iy;
const BARE_URL = /https?:\/\/[^\s<>"'`|]+/y;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}_]/u;
const MAX_LINK_TEXT = 500;

const RULES = {
  "\\": escaped,
  "`": code,
  "*": emphasis,
  _: emphasis,
  "~": emphasis,
  "[": bracket,
  "!": image,
  "<": angle,
  "\n": lineBreak,
  h: bareUrl,
};

/** Appends `text` to `parent`. */
export function appendInline(parent, text, context = {}) {
  // A mark at the very end may be half of one: it is shown when it is known what it is.
  const settled = context.open ? text.replace(/[*_~`]{1,3}$/, "") : text;
  parent.append(...nodes({ text: settled, context, depth: 0 }));
}

/**
 * The absolute address that a link may lead to, or null. The browser's own parser decides what the scheme is, so
 * that no way of writing `javascript:` is missed. A relative link was relative to a document, not to this page.
 */
export function safeUrl(destination) {
  let url;
  try {
    url = new URL(destination);
  } catch {
    return null;
  }
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
}

function nodes({ text, context, depth }) {
  if (depth > MAX_DEPTH) return [text];
  const state = { text, context, depth, unclosed: new Set() };
  const made = [];
  let plain = 0;
  SPECIAL.lastIndex = 0;
  for (let found; (found = SPECIAL.exec(text)); ) {
    const at = found.index;
    const result = RULES[text[at]](state, at);
    const resumeAt = result?.end ?? at + (result?.skip ?? 1);
    if (result?.nodes) {
      if (at > plain) made.push(text.slice(plain, at - (result.back ?? 0)));
      made.push(...result.nodes);
      plain = resumeAt;
    }
    // Set anew: rules nest, and share the expression.
    SPECIAL.lastIndex = resumeAt;
  }
  if (plain < text.length) made.push(text.slice(plain));
  return made;
}

function within(state, text, open = false) {
  return nodes({ text, context: { ...state.context, open }, depth: state.depth + 1 });
}

function escaped({ text }, at) {
  const next = text[at + 1];
  if (next === "\n") return { nodes: [element("br")], end: at + 2 };
  if (next && PUNCTUATION.test(next)) return { nodes: [next], end: at + 2 };
  return null;
}

function code(state, at) {
  const { text, context } = state;
  const length = runLength(text, at);
  let end = codeEnd(state, at + length, length);
  if (end === -1 && !context.open) return { skip: length };
  if (end === -1) end = text.length;
  const content = text.slice(at + length, end).replaceAll("\n", " ");
  const padded = /^ .*[^ ].* $/.test(content);
  return { nodes: [element("code", {}, padded ? content.slice(1, -1) : content)], end: end + length };
}

/** Where the closing run of exactly `length` backticks begins, or -1. */
function codeEnd({ text, unclosed }, from, length) {
  const key = `code ${length}`;
  if (unclosed.has(key)) return -1;
  for (let at = text.indexOf("`", from); at !== -1; ) {
    const run = runLength(text, at);
    if (run === length) return at;
    at = text.indexOf("`", at + run);
  }
  unclosed.add(key);
  return -1;
}

function emphasis(state, at) {
  const { text, context } = state;
  const mark = text[at];
  const length = runLength(text, at);
  const start = at + length;
  const opens =
    length <= 3 &&
    (mark !== "~" || length === 2) &&
    start < text.length &&
    !/\s/.test(text[start]) &&
    !(mark === "_" && at > 0 && WORD.test(text[at - 1]));
  if (!opens) return { skip: length };
  const end = emphasisEnd(state, start, mark, length);
  if (end !== -1) return { nodes: [emphasised(mark, length, within(state, text.slice(start, end)))], end: end + length };
  const likely = length < 3 && (at === 0 || /[\s(]/.test(text[at - 1]));
  if (!context.open || !likely) return { skip: length };
  return { nodes: [emphasised(mark, length, within(state, text.slice(start), true))], end: text.length };
}

function emphasised(mark, length, children) {
  if (mark === "~") return element("del", {}, ...children);
  if (length === 1) return element("em", {}, ...children);
  if (length === 2) return element("strong", {}, ...children);
  return element("strong", {}, element("em", {}, ...children));
}

/** Where the last `length` marks of the closing run begin, or -1. */
function emphasisEnd(state, from, mark, length) {
  const { text, unclosed } = state;
  const key = mark + length;
  if (unclosed.has(key)) return -1;
  for (let at = from; at < text.length; ) {
    const run = text[at] === mark || text[at] === "`" ? runLength(text, at) : 1;
    if (text[at] === "\\") {
      at += 2;
    } else if (text[at] === "`") {
      const end = codeEnd(state, at + run, run);
      at = end === -1 ? at + run : end + run;
    } else if (text[at] === mark && closes(text, at, run, length)) {
      return at + run - length;
    } else {
      at += run;
    }
  }
  unclosed.add(key);
  return -1;
}

function closes(text, at, run, length) {
  const fits = length === 1 ? run !== 2 : run >= length;
  const insideWord = text[at] === "_" && at + run < text.length && WORD.test(text[at + run]);
  return fits && !/\s/.test(text[at - 1]) && !insideWord;
}

function bracket(state, at) {
  const { text, context } = state;
  CITATION.lastIndex = at;
  const cited = context.citation && CITATION.exec(text);
  if (cited) {
    const links = cited[1].match(/\d+/g).map((number) => context.citation(Number(number)));
    // The space before a citation goes: the number stands close to what it supports.
    const back = text[at - 1] === " " ? 1 : 0;
    if (links.every(Boolean)) return { nodes: links, end: CITATION.lastIndex, back };
  }
  return link(state, at, (children) => children);
}

/** Images are not fetched: what a text names must not make the reader's browser ask for it. */
function image(state, at) {
  if (state.text[at + 1] !== "[") return null;
  return link(state, at + 1, (children) => (children.length ? children : ["image"]));
}

function link(state, at, labelled) {
  const { text, context } = state;
  const close = closingBracket(text, at);
  if (close === -1 || text[close + 1] !== "(") return null;
  const label = labelled(within(state, text.slice(at + 1, close)));
  DESTINATION.lastIndex = close + 1;
  const found = DESTINATION.exec(text);
  if (found) {
    const url = safeUrl(found[1].replace(/^<(.*)>$/, "$1"));
    return { nodes: url ? [outwardLink(url, ...label)] : label, end: DESTINATION.lastIndex };
  }
  BEGUN_DESTINATION.lastIndex = close + 1;
  return context.open && BEGUN_DESTINATION.test(text) ? { nodes: label, end: text.length } : null;
}

function closingBracket(text, from) {
  let depth = 0;
  for (let at = from; at < Math.min(text.length, from + MAX_LINK_TEXT); at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "[") depth += 1;
    else if (text[at] === "]" && --depth === 0) return at;
  }
  return -1;
}

function angle({ text }, at) {
  ANGLE.lastIndex = at;
  const found = ANGLE.exec(text);
  if (!found) return null;
  const shown = found[1] ? outwardLink(found[1], found[1].replace(/^mailto:/i, "")) : element("br");
  return { nodes: [shown], end: ANGLE.lastIndex };
}

function bareUrl({ text }, at) {
  BARE_URL.lastIndex = at;
  const found = BARE_URL.exec(text);
  if (!found || (at > 0 && WORD.test(text[at - 1]))) return { skip: 4 };
  let address = found[0].replace(/[.,;:!?*_~\]]+$/, "");
  if (address.endsWith(")") && !address.includes("(")) address = address.replace(/[).,;:!?*_~\]]+$/, "");
  const url = safeUrl(address);
  return url ? { nodes: [outwardLink(url, address)], end: at + address.length } : { skip: 4 };
}

function lineBreak({ text }, at) {
  const spaces = /^ {2,}$/.test(text.slice(Math.max(0, at - 2), at));
  return spaces ? { nodes: [element("br")], end: at + 1 } : null;
}

function runLength(text, at) {
  let end = at + 1;
  while (text[end] === text[at]) end += 1;
  return end - at;
}
