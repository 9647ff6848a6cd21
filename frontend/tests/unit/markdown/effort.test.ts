// @vitest-environment happy-dom

import { Lexer } from "marked";
import { expect, it, vi } from "vitest";
import { MIXED } from "./corpus";
import { view } from "./rendering";

const PIECE = 9;
const PART = `${MIXED.trimEnd()} of a part\n\n`;
const LIST = "- an item with **bold** words and `code` [1]\n".repeat(30);

interface Effort {
  /** Characters that the longest text had that was read at once while the answer grew. */
  readonly longestRead: number;
  readonly made: number;
  readonly shown: number;
}

/** What it takes to show `text` as it comes, in pieces as models send them. */
function effort(text: string): Effort {
  const lexed = vi.spyOn(Lexer.prototype, "lex");
  const made = vi.spyOn(document, "createElement");
  const { container, markdown } = view();
  for (let end = PIECE; end < text.length; end += PIECE) markdown.show(text.slice(0, end), true);
  const longestRead = Math.max(...lexed.mock.calls.map(([read]) => read.length));
  markdown.show(text, false);
  const told = { longestRead, made: made.mock.calls.length, shown: container.querySelectorAll("*").length };
  vi.restoreAllMocks();
  return told;
}

it("reads no more for a piece at the end of a long answer than of a short one", () => {
  const short = effort(PART.repeat(2)).longestRead;
  expect(effort(PART.repeat(6)).longestRead).toBeLessThanOrEqual(short);
  expect(short).toBeLessThan(2 * PART.length);
});

it.each([
  ["of many blocks", PART.repeat(4)],
  ["of one long list", LIST],
])("makes hardly more elements for an answer %s than it has in the end", (_, text) => {
  const { made, shown } = effort(text);
  expect(made).toBeGreaterThanOrEqual(shown);
  expect(made).toBeLessThan(1.5 * shown);
});
