import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import ragspaceChat, { validateOptions } from "../../../docusaurus";

const API = "https://owner-space.hf.space";
const context = { baseUrl: "/book/de/", i18n: { currentLocale: "de" } };

function element(options: Record<string, unknown>): string | undefined {
  return ragspaceChat(context, validateOptions({ options: { api: API, ...options } })).injectHtmlTags()
    .postBodyTags[0];
}

it("writes the element in the language of the page, with links into the site", () => {
  expect(element({})).toBe(`<rag-chat api="${API}" lang="de" docs-base="/book/de/"></rag-chat>`);
});

it("passes every option on", () => {
  const options = {
    theme: "dark",
    heading: "Hilfe",
    suggestions: ["Was?", "Wie?"],
    selection: false,
    docsBase: "none",
  };
  expect(element({ ...options, lang: "en", placeholder: "Frag" })).toBe(
    `<rag-chat api="${API}" lang="en" theme="dark" heading="Hilfe" placeholder="Frag" ` +
      'suggestions="Was?|Wie?" selection="off" docs-base="none"></rag-chat>',
  );
});

it("leaves no way out of an attribute", () => {
  expect(element({ heading: '"><script>&' })).toContain('heading="&quot;>&lt;script>&amp;"');
});

it("adds one client module, which exists", () => {
  const [module, ...others] = ragspaceChat(context, { api: API }).getClientModules();
  expect(others).toEqual([]);
  expect(readFileSync(String(module), "utf8")).toContain("../dist/index.js");
});

it.each([
  [{}, /"api" must be the address/],
  [{ api: "owner-space.hf.space" }, /"api" must be the address/],
  [{ api: API, colour: "red" }, /no option "colour"; it has id, api/],
  [{ api: API, heading: 7 }, /"heading" must be a string/],
])("refuses %j", (options, message) => {
  expect(() => validateOptions({ options })).toThrow(message);
});
