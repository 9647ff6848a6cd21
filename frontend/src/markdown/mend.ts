/**
 * Makes the end of a text that is still being written show calmly: what is open is closed, and what may yet become
 * something else (a list marker, a table's head, half a link) waits until that is known.
 */

const FENCE = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})/;
const MARKER_ONLY = /^[ \t>]*(?:[-+*=_#`~|$\\ \t]+|(?:[-+*] )?\d{0,9}[.)]?|[-*+] \[[ xX]?\]?)$/;
const DELIMITER_ROW = /^[ \t>]*[|:-][ |:\t-]*$/;
const BLOCK_START = /\n[ \t>]*(?=[-+*] |\d{1,9}[.)] |#{1,6} |\|)|\n[ \t>]*\n/g;
const CITATION_BEGUN = /^\[(?:s(?:o(?:u(?:r(?:c(?:es?)?)?)?)?)?)?[\d ,;]*$/i;
const MAX_LABEL = 200;

export function mend(markdown: string): string {
  const lineStart = markdown.lastIndexOf("\n") + 1;
  const fence = openFence(markdown);
  if (fence)
    return fence.start >= lineStart ? markdown.slice(0, lineStart) : withoutFenceEnd(markdown, lineStart);
  const held = MARKER_ONLY.test(markdown.slice(lineStart)) ? markdown.slice(0, lineStart) : markdown;
  const shown = withoutTableHead(held);
  const blockStart = lastBlockStart(shown);
  return shown.slice(0, blockStart) + mendInline(shown.slice(blockStart));
}

function openFence(markdown: string): { readonly start: number } | undefined {
  let open: { start: number; mark: string } | undefined;
  for (let start = 0; start <= markdown.length;) {
    const end = markdown.indexOf("\n", start);
    const line = markdown.slice(start, end < 0 ? undefined : end);
    const mark = FENCE.exec(line)?.[1];
    if (mark !== undefined) {
      if (!open) open = { start, mark };
      else if (mark.startsWith(open.mark) && line.trimEnd().endsWith(mark)) open = undefined;
    }
    if (end < 0) break;
    start = end + 1;
  }
  return open;
}

function withoutFenceEnd(markdown: string, lineStart: number): string {
  return /^[ \t>]*[`~]+[ \t]*$/.test(markdown.slice(lineStart)) ? markdown.slice(0, lineStart) : markdown;
}

/** A line with bars is the head of a table, or text: the line after it tells. */
function withoutTableHead(markdown: string): string {
  const lines = markdown.slice(markdown.search(/(?:^|\n[ \t]*\n)(?!.*\n[ \t]*\n)[^]*$/)).split("\n");
  const last = lines.at(-1) ?? "";
  const before = lines.at(-2) ?? "";
  if (
    /^[ \t>]*\|/.test(before) &&
    (last === "" || DELIMITER_ROW.test(last)) &&
    !lines.slice(0, -1).some((line) => DELIMITER_ROW.test(line))
  ) {
    return markdown.slice(0, markdown.length - last.length - before.length - 1);
  }
  const inTable = lines.slice(0, -1).some((line) => DELIMITER_ROW.test(line));
  return /^[ \t>]*\|/.test(last) && !inTable ? markdown.slice(0, markdown.length - last.length) : markdown;
}

function lastBlockStart(markdown: string): number {
  let start = 0;
  for (const match of markdown.matchAll(BLOCK_START)) start = match.index + match[0].length;
  return start;
}

interface Opened {
  readonly mark: string;
  readonly at: number;
}

function mendInline(text: string): string {
  const opened: Opened[] = [];
  const brackets: number[] = [];
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at);
    if (char === "\\") at += 2;
    else if (char === "`") {
      const run = runAt(text, at);
      const close = closingRun(text, run, at + run.length);
      if (close < 0) return at + run.length >= text.length ? closed(text.slice(0, at), opened) : text + run;
      at = close + run.length;
    } else if (char === "$") {
      const close = text.indexOf("$", at + 1);
      at = close > at + 1 && !text.slice(at, close).includes("\n") ? close + 1 : at + 1;
    } else if (char === "[") {
      brackets.push(at);
      at += 1;
    } else if (char === "]") {
      const start = brackets.pop();
      at += 1;
      if (start === undefined) continue;
      if (at === text.length) return closed(withoutBracket(text, start, at - 1), opened);
      if (text[at] !== "(") continue;
      const end = text.indexOf(")", at);
      if (end < 0) return closed(withoutBracket(text, start, at - 1), opened);
      at = end + 1;
    } else if (char === "*" || char === "_" || char === "~") {
      const run = runAt(text, at);
      const after = text.charAt(at + run.length);
      if (after === "") return ended(text, at, run, opened);
      delimiter(opened, run, at, text.charAt(at - 1), after);
      at += run.length;
    } else at += 1;
  }
  const bracket = brackets.at(-1);
  return closed(
    bracket === undefined ? withoutEntity(text) : withoutBracket(text, bracket, text.length),
    opened,
  );
}

function runAt(text: string, start: number): string {
  let end = start + 1;
  while (text[end] === text[start]) end += 1;
  return text.slice(start, end);
}

function closingRun(text: string, run: string, from: number): number {
  for (let at = text.indexOf(run, from); at >= 0; at = text.indexOf(run, at)) {
    const found = runAt(text, at);
    if (found.length === run.length) return at;
    at += found.length;
  }
  return -1;
}

function delimiter(opened: Opened[], run: string, at: number, before: string, after: string): void {
  if (run.startsWith("~") && run.length !== 2) return;
  const wordBefore = /[\p{L}\p{N}]/u.test(before);
  const wordAfter = /[\p{L}\p{N}]/u.test(after);
  if (run.startsWith("_") && wordBefore && wordAfter) return;
  const canClose = before !== "" && !/\s/.test(before);
  let left = run;
  while (canClose && left !== "") {
    const mark = opened.at(-1)?.mark;
    if (!mark?.startsWith(left.charAt(0))) break;
    opened.pop();
    if (mark.length > left.length) {
      opened.push({ mark: mark.slice(left.length), at });
      return;
    }
    left = left.slice(mark.length);
  }
  if (left !== "" && !/\s/.test(after)) opened.push({ mark: left, at });
}

/** The text ends with a run of `*`, `_` or `~`: part of a closing one, or an opening one with nothing in it yet. */
function ended(text: string, at: number, run: string, opened: Opened[]): string {
  const open = opened.at(-1);
  if (open?.mark.startsWith(run.charAt(0)) && run.length >= open.mark.length) {
    delimiter(opened, run, at, text.charAt(at - 1), " ");
    return closed(text, opened);
  }
  return closed(text.slice(0, at), opened);
}

/** Closes what is open. A mark directly after a space would not close anything. */
function closed(text: string, opened: readonly Opened[]): string {
  const kept = opened.filter(({ at }) => at < text.length);
  if (kept.length === 0) return text;
  const end = text.trimEnd();
  const marks = kept.map(({ mark }) => mark).reverse();
  const last = kept.at(-1);
  // Nothing stands between the last mark and the end: it goes, too.
  if (last && last.at + last.mark.length >= end.length)
    return closed(end.slice(0, last.at), kept.slice(0, -1));
  return end + marks.join("");
}

/** Half a link shows its label; half a citation nothing. */
function withoutBracket(text: string, start: number, end: number): string {
  const label = text.slice(start + 1, end);
  if (CITATION_BEGUN.test(text.slice(start, end))) {
    return text[end] === "]" && /\d/.test(label) ? text : text.slice(0, start).trimEnd();
  }
  if (label.length > MAX_LABEL || /^[ xX]?$/.test(label)) return text;
  return text.slice(0, text[start - 1] === "!" ? start - 1 : start) + label;
}

function withoutEntity(text: string): string {
  return text.replace(/&#?\w{0,8}$/, "").replace(/<(?=(?:https?:|mailto:)\S*$)/, "");
}
