/** `[1]`, `[1, 2]` and `[Source 3]`: references to the sources of an answer. */

import type { TokenizerExtension } from "marked";

const CITATION = /^\[(?:sources? ?)?\d{1,3}(?:[,;] ?(?:source ?)?\d{1,3})*\](?!\()/i;

export const citation: TokenizerExtension = {
  name: "citation",
  level: "inline",
  start: (source) => {
    const at = source.indexOf("[");
    return at < 0 ? undefined : at;
  },
  tokenizer: (source) => {
    const [raw] = CITATION.exec(source) ?? [];
    return raw === undefined
      ? undefined
      : { type: "citation", raw, numbers: Array.from(raw.matchAll(/\d+/g), Number) };
  },
};
