import { expect, it } from "vitest";

import { apiBase, apiSource, contentSecurityPolicy } from "../../../policy";

it.each([
  ["https://owner-space.hf.space", "https://owner-space.hf.space"],
  ["https://owner-space.hf.space/", "https://owner-space.hf.space"],
  ["https://host.example/behind/a/path", "https://host.example"],
  ["http://127.0.0.1:7860", "http://127.0.0.1:7860"],
  ["", "'self'"],
])("lets a page for %j connect to %s alone", (base, source) => {
  expect(contentSecurityPolicy(base).split("; ")).toContain(`connect-src ${source}`);
});

it.each([
  "owner-space.hf.space",
  "ftp://host",
  "javascript:alert(1)",
  "https://",
  "https://host/?a",
  "https://me:x@host",
])("ends the build for %j, which is no address of an API", (base) =>
  expect(() => apiSource(base)).toThrow(/VITE_API_BASE_URL is .* Write the address of the API/),
);

it("never allows inline code, nor hosts of others", () => {
  const policy = contentSecurityPolicy("https://owner-space.hf.space");
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https:(?!\/\/owner-space\.hf\.space)/);
});

it("ends a build at Vercel that lacks the address, and no other build", () => {
  expect(() => apiBase({ VERCEL: "1" })).toThrow(/VITE_API_BASE_URL is not set/);
  expect(() => apiBase({ VERCEL: "1", VITE_API_BASE_URL: " " })).toThrow(/is not set/);
  expect(apiBase({})).toBe("");
  expect(apiBase({ VERCEL: "1", VITE_API_BASE_URL: " https://host.example " })).toBe("https://host.example");
});
