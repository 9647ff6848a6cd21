/** The block structure of Markdown: which lines belong to what. Inline text stays as it was written. */

const FENCE = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?:[ \t]+(.*)|[ \t]*)$/;
const DELIMITER_CELL = /^:?-+:?$/;
const MAX_DEPTH = 12;

/**
 * @typedef {object} Block
 * @property {number} line the line it begins on
 * @property {"paragraph"|"heading"|"code"|"rule"|"quote"|"list"|"table"} type
 */

/** Splits lines into blocks. A block is decided by its own lines and at most the one that follows them. */
export function parseBlocks(lines, depth = 0) {
  const blocks = [];
  for (let line = 0; line < lines.length; ) {
    if (isBlank(lines[line])) {
      line += 1;
      continue;
    }
    const { end, ...block } = blockAt(lines, line, depth);
    blocks.push({ line, ...block });
    line = end;
  }
  return blocks;
}

function blockAt(lines, at, depth) {
  return (
    fence(lines, at) ??
    heading(lines, at) ??
    (RULE.test(lines[at]) ? { type: "rule", end: at + 1 } : null) ??
    (depth < MAX_DEPTH ? (quote(lines, at, depth) ?? list(lines, at, depth)) : null) ??
    table(lines, at) ??
    paragraph(lines, at)
  );
}

function fence(lines, at) {
  const opened = FENCE.exec(lines[at]);
  if (!opened) return null;
  const [, indent, mark, info] = opened;
  const isClosing = (line) => {
    const closing = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line);
    return closing && closing[1][0] === mark[0] && closing[1].length >= mark.length;
  };
  let end = at + 1;
  while (end < lines.length && !isClosing(lines[end])) end += 1;
  const content = lines.slice(at + 1, end).map((line) => dedented(line, indent.length));
  return { type: "code", language: info.trim().split(/\s/)[0], text: content.join("\n"), end: end + 1 };
}

function heading(lines, at) {
  const found = HEADING.exec(lines[at]);
  if (!found) return null;
  const text = (found[2] ?? "").trim().replace(/(^|[ \t])#+$/, "");
  return { type: "heading", level: found[1].length, text: text.trim(), end: at + 1 };
}

function quote(lines, at, depth) {
  if (!QUOTE.test(lines[at])) return null;
  let end = at;
  const content = [];
  for (; end < lines.length; end += 1) {
    const quoted = QUOTE.test(lines[end]);
    if (!quoted && (isBlank(content.at(-1)) || interrupts(lines, end))) break;
    content.push(quoted ? lines[end].replace(QUOTE, "") : lines[end]);
  }
  return { type: "quote", blocks: parseBlocks(content, depth + 1), end };
}

/** Lists are taken as models write them: whatever is indented by two or more belongs to the item above. */
function list(lines, at, depth) {
  const first = itemAt(lines[at]);
  if (!first) return null;
  const items = [];
  let loose = false;
  let end = at;
  while (end < lines.length) {
    const item = itemAt(lines[end]);
    if (!item || item.kind !== first.kind || item.indent > first.indent + 1 || RULE.test(lines[end])) break;
    const content = [item.text];
    end += 1;
    for (; end < lines.length; end += 1) {
      const line = lines[end];
      if (isBlank(line)) {
        const next = lines[nextFilled(lines, end)];
        if (next === undefined || indentOf(next) < item.indent + 2) break;
      } else if (indentOf(line) < item.indent + 2) {
        if (isBlank(content.at(-1)) || itemAt(line) || interrupts(lines, end)) break;
      }
      content.push(dedented(line, item.width));
    }
    items.push(parseBlocks(content, depth + 1));
    const next = nextFilled(lines, end);
    if (next > end && itemAt(lines[next] ?? "")?.kind === first.kind) loose = true;
    end = next;
  }
  const { start } = first;
  return { type: "list", ordered: start !== null, start, loose, items, end };
}

function itemAt(line) {
  const found = ITEM.exec(line);
  if (!found) return null;
  const [, indent, marker, text = ""] = found;
  const ordered = /\d/.test(marker);
  return {
    indent: indent.length,
    width: indent.length + marker.length + 1,
    kind: ordered ? "ordered" : "unordered",
    start: ordered ? Number.parseInt(marker, 10) : null,
    text,
  };
}

function table(lines, at) {
  const alignments = tableAt(lines, at);
  if (!alignments) return null;
  let end = at + 2;
  while (end < lines.length && !isBlank(lines[end]) && !interrupts(lines, end)) end += 1;
  const rows = [lines[at], ...lines.slice(at + 2, end)].map((line) => {
    const found = cells(line);
    return alignments.map((_, column) => found[column] ?? "");
  });
  return { type: "table", alignments, rows, end };
}

/** The columns' alignments (`left`, `center`, `right` or ""), or null where no table begins. */
function tableAt(lines, at) {
  if (at + 1 >= lines.length || !lines[at].includes("|") || !lines[at + 1].includes("-")) return null;
  const delimiters = cells(lines[at + 1]);
  if (!delimiters.every((cell) => DELIMITER_CELL.test(cell)) || delimiters.length !== cells(lines[at]).length) return null;
  return delimiters.map((cell) => {
    if (cell.endsWith(":")) return cell.startsWith(":") ? "center" : "right";
    return cell.startsWith(":") ? "left" : "";
  });
}

/** A row's cells: split at pipes, but not at escaped ones or within code. */
function cells(line) {
  const row = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  const found = [""];
  for (const part of row.match(/\\\||`[^`]*`|\||[^|`\\]+|[`\\]/g) ?? []) {
    if (part === "|") found.push("");
    else found[found.length - 1] += part === "\\|" ? "|" : part;
  }
  return found.map((cell) => cell.trim());
}

function paragraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && !isBlank(lines[end]) && !interrupts(lines, end)) end += 1;
  const text = lines.slice(at, end).map((line) => line.trimStart());
  return { type: "paragraph", text: text.join("\n").trimEnd(), end };
}

/** Whether the line begins a block of its own although a paragraph is not over. */
function interrupts(lines, at) {
  const line = lines[at];
  const item = itemAt(line);
  return (
    FENCE.test(line) ||
    HEADING.test(line) ||
    RULE.test(line) ||
    QUOTE.test(line) ||
    (item !== null && item.text !== "" && (item.start ?? 1) === 1) ||
    tableAt(lines, at) !== null
  );
}

function nextFilled(lines, from) {
  let at = from;
  while (at < lines.length && isBlank(lines[at])) at += 1;
  return at;
}

function isBlank(line) {
  return line === undefined || line.trim() === "";
}

function indentOf(line) {
  return line.length - line.trimStart().length;
}

function dedented(line, width) {
  return line.slice(Math.min(width, indentOf(line)));
}
