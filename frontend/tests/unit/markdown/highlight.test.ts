// @vitest-environment happy-dom

import { beforeEach, describe, expect, it, vi } from "vitest";
import { view } from "./rendering";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestIdleCallback", undefined);
  Reflect.deleteProperty(globalThis, "requestIdleCallback");
  return () => vi.useRealTimers();
});

function highlighted(language: string, code: string): HTMLElement {
  const { container, markdown } = view();
  markdown.show(`\`\`\`${language}\n${code}\n\`\`\`\n`, false);
  vi.advanceTimersByTime(1_000);
  const found = container.querySelector("code");
  if (!found) throw new Error("no code");
  return found;
}

const CODE: Readonly<Record<string, string>> = {
  py: 'def f(x: int) -> str:\n    """Doc."""\n    return "a" # comment',
  ts: "const a: number = 1; // comment\nexport function f() { return `x ${a}`; }",
  js: "let a = /re/g; /* c */",
  sh: "export A=1 # comment\ncurl -s https://example.org | jq .a",
  json: '{"a": [1, true, null]}',
  yaml: "a: 1\nb:\n  - x # c",
  html: '<!-- c --><p class="a">x &amp; y</p>',
  toml: "[a]\nb = 1",
  diff: "- a\n+ b",
};

describe.each(Object.entries(CODE))("%s", (language, code) => {
  it("gets colours, and stays the same text", () => {
    const element = highlighted(language, code);
    expect(element.textContent).toBe(code);
    expect(element.querySelectorAll("span[class^=hl-]").length).toBeGreaterThan(0);
  });
});

it.each(["", "nothing", "constructor", "__proto__", "toString"])(
  "a language %j is left as it is",
  (language) => {
    expect(highlighted(language, "<b>x</b>").innerHTML).toBe("&lt;b&gt;x&lt;/b&gt;");
  },
);

it("waits until the block is complete", () => {
  const { container, markdown } = view();
  markdown.show("```py\nreturn 1\n", true);
  vi.advanceTimersByTime(1_000);
  expect(container.querySelector("span")).toBeNull();
  markdown.show("```py\nreturn 1\n```\n\nText\n", true);
  markdown.show("```py\nreturn 1\n```\n\nText\nand more", true);
  vi.advanceTimersByTime(1_000);
  expect(container.querySelector(".hl-kwd")?.textContent).toBe("return");
});

it.each([
  ["py", '"""'.repeat(6000)],
  ["ts", "/".repeat(19_000)],
  ["ts", "`${".repeat(6_000)],
  ["sh", "$(".repeat(9_000)],
  ["html", "<a ".repeat(6_000)],
  ["json", '"\\'.repeat(9_000)],
  ["yaml", "a:".repeat(9_000)],
])("%s that is made to be slow is not", (language, code) => {
  // What takes quadratic time would not end within the test's own.
  expect(highlighted(language, code).textContent).toBe(code);
});
