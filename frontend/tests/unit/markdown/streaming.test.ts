// @vitest-environment happy-dom

import { describe, expect, it } from "vitest";
import { CORPUS, MIXED } from "./corpus";
import { streamed, view, whole } from "./rendering";

describe.each(CORPUS.map((text) => [text.slice(0, 40), text] as const))("%j", (_, text) => {
  it.each([1, 2, 3, 7, 50])("ends up as if it had come at once, in pieces of %i", (step) => {
    expect(streamed(text, step)).toBe(whole(text));
  });

  it("ends up the same wherever it was cut", () => {
    const expected = whole(text);
    for (let cut = 1; cut < text.length; cut += 1) {
      const { container, markdown } = view();
      markdown.show(text.slice(0, cut), true);
      markdown.show(text, false);
      expect(container.innerHTML, `cut at ${cut}`).toBe(expected);
    }
  });
});

describe("a block that is complete", () => {
  it("keeps its elements while more is written", () => {
    const { container, markdown } = view();
    markdown.show("First.\n\nSecond.\n\nThird.\n\nF", true);
    const before = [...container.children].slice(0, 3);
    markdown.show("First.\n\nSecond.\n\nThird.\n\nFourth **bold", true);
    markdown.show("First.\n\nSecond.\n\nThird.\n\nFourth **bold**\n\n- x", true);
    markdown.show("First.\n\nSecond.\n\nThird.\n\nFourth **bold**\n\n- x\n", false);
    expect([...container.children].slice(0, 3)).toEqual(before);
    expect(before.every((element, index) => element === container.children[index])).toBe(true);
  });

  it.each(CORPUS)("of %j is not made again at the end", (text) => {
    const { container, markdown } = view();
    for (let end = 1; end < text.length; end += 1) markdown.show(text.slice(0, end), true);
    const before = [...container.childNodes];
    markdown.show(text, false);
    const kept = before.filter((node) => node.parentNode === container);
    expect(before.length - kept.length).toBeLessThanOrEqual(2);
  });
});

describe("the text node of a growing text", () => {
  it.each([
    ["paragraph", "one two", "one two three", "p"],
    ["code", "```\none", "```\none\ntwo\nthree", "code"],
    ["list", "- one\n- two", "- one\n- two three", "li:last-child"],
    ["table", "|a|\n|-|\n|b c", "|a|\n|-|\n|b cd|\n|e|", "td"],
    ["quote", "> one **two** thr", "> one **two** three", "strong"],
  ])("of a %s is kept", (_, first, then, selector) => {
    const { container, markdown } = view();
    markdown.show(first, true);
    const node = container.querySelector(selector)?.firstChild;
    expect(node).toBeInstanceOf(Text);
    markdown.show(then, true);
    expect(container.querySelector(selector)?.firstChild).toBe(node);
  });
});

it("begins anew with a text that is not a longer one", () => {
  const { container, markdown } = view();
  markdown.show(MIXED, true);
  markdown.show("Another.", true);
  expect(container.innerHTML).toBe("<p>Another.</p>");
});
