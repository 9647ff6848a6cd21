/** A grammar for HTML and XML in the form that the highlighter reads; its own is four times as large. */

import type { ShjGrammar } from "@speed-highlight/core/tokenize";

export const markup: ShjGrammar = [
  { type: "cmnt", match: /<!--[^]*?-->/g },
  { type: "var", match: /<[/!?]?[\w:-]+|[/?]?>/g },
  { type: "func", match: /[\w:@.-]+(?==["'])/g },
  { type: "str", match: /(?<==)("[^"]*"|'[^']*')/g },
];
