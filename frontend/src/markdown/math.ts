/** Formulas are left as they are written: their `_`, `*` and `\` are no Markdown. */

import type { TokenizerExtension } from "marked";

const INLINE =
  /^(?:\$\$[^$]+\$\$|\$(?![\s$])(?:\\.|[^$\\\n])*?[^\s\\$]\$(?!\d)|\\\([^]+?\\\)|\\\[(?!\d+\\\])[^]+?\\\])/;
const DISPLAY = /^ {0,3}(?:\$\$(?!\$)[^$]+\$\$|\\\[[^]+?\\\])[ \t]*(?:\n+|$)/;

function startOf(pattern: RegExp, offset: number): (source: string) => number | undefined {
  return (source) => {
    const at = source.search(pattern);
    return at < 0 ? undefined : at + offset;
  };
}

export const inlineMath: TokenizerExtension = {
  name: "math",
  level: "inline",
  start: startOf(/\$|\\[([]/, 0),
  tokenizer: (source) => {
    const [raw] = INLINE.exec(source) ?? [];
    return raw === undefined ? undefined : { type: "math", raw, text: raw };
  },
};

export const displayMath: TokenizerExtension = {
  name: "display",
  level: "block",
  start: startOf(/\n {0,3}(?:\$\$|\\\[)/, 1),
  tokenizer: (source) => {
    const [raw] = DISPLAY.exec(source) ?? [];
    return raw === undefined ? undefined : { type: "display", raw, text: raw.trim() };
  },
};
