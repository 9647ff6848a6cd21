/**
 * Tokens as elements, and the smallest change from one text to a longer one. Elements are made one by one, and text is
 * only ever set as text: there is no HTML in between that could be anything else than what is meant.
 */

import type { MarkdownContext } from "./context";
import { decodeEntities } from "./entities";
import { linkTo, safeUrl } from "./links";
import type { Cell, Token } from "./tokens";

export interface Shown {
  token: Token;
  readonly node: ChildNode;
  /** Where its children are. */
  readonly inner: Element | null;
  children: Shown[];
}

const ELEMENTS: Readonly<Record<string, string>> = {
  paragraph: "p",
  blockquote: "blockquote",
  list_item: "li",
  hr: "hr",
  br: "br",
  strong: "strong",
  em: "em",
  del: "del",
  heading: "h4",
};

/** What is nested deeper is shown as it is written. */
const MAX_DEPTH = 24;

/** Shows `tokens` as the last children of `parent`, where `shown` is now; what is as it was stays untouched. */
export function patch(
  parent: Element,
  shown: readonly Shown[],
  tokens: readonly Token[],
  context: MarkdownContext,
  depth = 0,
): Shown[] {
  const now = tokens.map((token, position) => {
    const old = shown[position];
    if (old && update(old, token, context, depth)) return old;
    const made = create(token, context, depth);
    if (old) old.node.replaceWith(made.node);
    else parent.append(made.node);
    return made;
  });
  for (const { node } of shown.slice(tokens.length)) node.remove();
  return now;
}

/** The tokens that are seen: nested texts laid flat, and no space in front of a citation. */
export function visible(tokens: readonly Token[], context: MarkdownContext): readonly Token[] {
  const flat = tokens.flatMap((token) => {
    if (token.type === "space") return [];
    if (token.type === "text" && token.tokens) return visible(token.tokens, context);
    return token.type === "citation" && !token.numbers?.every((number) => context.isSource(number))
      ? [{ type: "plain", raw: token.raw }]
      : [token];
  });
  return flat.map((token, position) => {
    const cited = token.type === "text" && flat[position + 1]?.type === "citation";
    const text = cited ? token.text?.trimEnd() : undefined;
    return text === undefined ? token : { ...token, raw: text, text };
  });
}

function childrenOf(token: Token, context: MarkdownContext, depth: number): readonly Token[] {
  if (depth > MAX_DEPTH) return [{ type: "plain", raw: token.raw }];
  if (token.type === "list") return token.items ?? [];
  if (token.type === "table") return (token.rows ?? []).map(row);
  if (token.type === "image") return [];
  return visible(token.tokens ?? [], context);
}

function row(cells: readonly Cell[]): Token {
  const tokens = cells.map(({ text, tokens, align }) => ({
    type: "cell",
    raw: text,
    text: align ?? "",
    tokens,
  }));
  return { type: "row", raw: tokens.map(({ raw }) => raw).join("|"), tokens };
}

function sameShape(a: Token, b: Token): boolean {
  return (
    a.type === b.type &&
    a.depth === b.depth &&
    a.ordered === b.ordered &&
    a.start === b.start &&
    a.loose === b.loose &&
    a.lang === b.lang &&
    a.href === b.href &&
    a.header?.map(({ text }) => text).join("|") === b.header?.map(({ text }) => text).join("|")
  );
}

/** False where another element is needed. */
function update(shown: Shown, token: Token, context: MarkdownContext, depth: number): boolean {
  if (!sameShape(shown.token, token)) return false;
  if (shown.token.raw === token.raw) return true;
  if (shown.node instanceof Text) setText(shown.node, textOf(token));
  else if (token.type === "code") setCode(shown.inner, token.text ?? "");
  else if (shown.inner)
    shown.children = patch(
      shown.inner,
      shown.children,
      childrenOf(token, context, depth),
      context,
      depth + 1,
    );
  else return false;
  shown.token = token;
  return true;
}

function setCode(code: Element | null, text: string): void {
  const [only] = code?.childNodes ?? [];
  if (code?.childNodes.length === 1 && only instanceof Text) setText(only, text);
  else if (code && code.textContent !== text) code.replaceChildren(new Text(text));
}

/** What is selected in a text stays selected while the text grows. */
function setText(node: Text, text: string): void {
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}

function textOf(token: Token): string {
  if (token.type === "checkbox") return token.checked ? "☑ " : "☐ ";
  if (token.type === "text") return decodeEntities(token.text ?? token.raw);
  return token.type === "escape" ? (token.text ?? "") : token.raw;
}

function create(token: Token, context: MarkdownContext, depth: number): Shown {
  const node = nodeOf(token, context);
  const inner = innerOf(token, node);
  const shown: Shown = { token, node, inner, children: [] };
  if (inner && token.type !== "code")
    shown.children = patch(inner, [], childrenOf(token, context, depth), context, depth + 1);
  return shown;
}

function innerOf(token: Token, node: ChildNode): Element | null {
  if (
    !(node instanceof Element) ||
    ["citation", "codespan", "math", "display", "image", "hr", "br"].includes(token.type)
  )
    return null;
  if (token.type === "code") return node.querySelector("code");
  return token.type === "table" ? node.querySelector("tbody") : node;
}

function nodeOf(token: Token, context: MarkdownContext): ChildNode {
  const tag = ELEMENTS[token.type];
  if (tag !== undefined) {
    const made = document.createElement(tag);
    if (token.depth !== undefined) made.className = `depth-${token.depth}`;
    return made;
  }
  switch (token.type) {
    case "list":
      return list(token);
    case "code":
      return code(token, context);
    case "codespan":
      return withText("code", "", token.text ?? "");
    case "math":
    case "display":
      return withText(token.type === "math" ? "span" : "p", "math", token.text ?? "");
    case "table":
      return table(token, context);
    case "row":
      return document.createElement("tr");
    case "cell":
      return withText("td", token.text ?? "", "");
    case "link":
    case "image":
      return link(token, context);
    case "citation":
      return citation(token, context);
    default:
      return new Text(textOf(token));
  }
}

function withText(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (className === "math") made.dir = "ltr";
  made.textContent = text;
  return made;
}

function list({ ordered, start }: Token): HTMLElement {
  const made = document.createElement(ordered ? "ol" : "ul");
  if (ordered && typeof start === "number" && start !== 1) made.setAttribute("start", String(start));
  return made;
}

function code({ lang, text }: Token, context: MarkdownContext): HTMLElement {
  const block = context.codeBlock(/^[\w+#.-]{1,20}/.exec(lang ?? "")?.[0] ?? "");
  block.code.append(new Text(text ?? ""));
  return block.element;
}

/** Wide tables scroll in a region of their own, by keyboard, too. */
function table(token: Token, context: MarkdownContext): HTMLElement {
  const region = withText("div", "table", "");
  region.tabIndex = 0;
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", context.tableLabel);
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const cell of token.header ?? []) {
    const made = withText("th", cell.align ?? "", "");
    made.setAttribute("scope", "col");
    patch(made, [], visible(cell.tokens, context), context);
    head.append(made);
  }
  made.createTBody();
  region.append(made);
  return region;
}

/** An image is not fetched, since its address would tell a stranger what is read here: it becomes a link. */
function link(token: Token, context: MarkdownContext): HTMLElement {
  const url = safeUrl(decodeEntities(token.href ?? ""), context.linkBase);
  const made = url ? linkTo(url) : document.createElement("span");
  if (token.title) made.title = decodeEntities(token.title);
  if (token.type === "image") made.textContent = token.text ? decodeEntities(token.text) : (url?.href ?? "");
  return made;
}

function citation(token: Token, context: MarkdownContext): HTMLElement {
  const made = withText("span", "citations", "");
  made.append(...(token.numbers ?? []).map((number) => context.cite(number)));
  return made;
}
