/** Markdown as a tree: what `marked` reads, its own tokens and ours, as far as the view uses it. */

import { getDefaults, Lexer, Tokenizer, type MarkedOptions } from "marked";
import { citation } from "./citation";
import { displayMath, inlineMath } from "./math";

export interface Token {
  readonly type: string;
  /** The source text of the token. */
  readonly raw: string;
  readonly text?: string;
  readonly tokens?: readonly Token[];
  readonly items?: readonly Token[];
  readonly depth?: number;
  readonly ordered?: boolean;
  readonly start?: number | "";
  readonly loose?: boolean;
  readonly checked?: boolean;
  readonly lang?: string;
  readonly href?: string;
  readonly title?: string | null;
  readonly numbers?: readonly number[];
  readonly header?: readonly Cell[];
  readonly rows?: readonly (readonly Cell[])[];
}

export interface Cell {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly align: "center" | "left" | "right" | null;
}

/**
 * HTML is text: what a model writes never becomes an element by its own word. There are no link definitions either, so
 * that no later text changes what an earlier block means, and `[1]` is always a citation.
 */
class PlainTokenizer extends Tokenizer {
  override html(): undefined {
    return undefined;
  }

  override def(): undefined {
    return undefined;
  }

  override tag(source: string): never | undefined {
    const [raw] = /^<br\s*\/?>/i.exec(source) ?? [];
    return raw === undefined ? undefined : ({ type: "br", raw } as never);
  }

  override emStrong(source: string, masked: string, before?: string): ReturnType<Tokenizer["emStrong"]> {
    return tangled(masked) ? undefined : super.emStrong(source, masked, before);
  }
}

const EXTENSIONS = {
  renderers: {},
  childTokens: {},
  block: [displayMath.tokenizer],
  startBlock: [displayMath.start],
  inline: [inlineMath.tokenizer, citation.tokenizer],
  startInline: [inlineMath.start, citation.start],
} as NonNullable<MarkedOptions["extensions"]>;

/** Whether pairing the marks of emphasis would take long: no one who writes for readers uses so many. */
function tangled(text: string): boolean {
  if (text !== counted.text) counted = { text, marks: text.match(/[*_]+/g)?.length ?? 0 };
  return counted.marks > MAX_MARKS;
}

const MAX_MARKS = 500;
let counted = { text: "", marks: 0 };

/** What is nested too deeply to be read is shown as it is written. */
export function parse(markdown: string): readonly Token[] {
  try {
    const options = { ...getDefaults(), tokenizer: new PlainTokenizer(), extensions: EXTENSIONS };
    return new Lexer(options).lex(markdown);
  } catch {
    return [{ type: "plain", raw: markdown }];
  }
}
