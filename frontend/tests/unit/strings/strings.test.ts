import { describe, expect, it } from "vitest";
import { SERVICE_CODES } from "../../../src/api/types";
import { duration, LANGUAGES, stringsFor, type Strings } from "../../../src/strings";

function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value === "function") {
    const tell = value as (...given: unknown[]) => string;
    return [1, 2, 5].map((count) => [`${path}(${count})`, tell(count, "title")]);
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) => leaves(inner, `${path}.${name}`));
  }
  return [[path, String(value)]];
}

describe.each(Object.entries(LANGUAGES))("%s", (language, strings: Strings) => {
  it("says by which name it goes", () => {
    expect(strings.language).toBe(language);
  });

  it.each(leaves(strings, ""))("says something for %s", (_, text) => {
    expect(text.trim()).not.toBe("");
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it("has a sentence for every code", () => {
    const codes = [...SERVICE_CODES, "offline", "unreachable", "interrupted", "protocol"];
    expect(Object.keys(strings.failure).sort()).toEqual(codes.sort());
  });

  it("is not English under another name", () => {
    if (language === "en") return;
    const english = new Map(leaves(LANGUAGES.en, ""));
    const same = leaves(strings, "").filter(
      ([path, text]) => english.get(path) === text && /[a-z]{4} /i.test(text),
    );
    expect(same).toEqual([]);
  });
});

describe("the language", () => {
  it.each([
    [["de"], "de"],
    [["de-AT"], "de"],
    [["DE"], "de"],
    [[null, "de"], "de"],
    [["fr", "de"], "de"],
    [["fr"], "en"],
    [["", undefined], "en"],
    [["en", "de"], "en"],
  ])("of %j is %s", (wanted, language) => {
    expect(stringsFor(...wanted).language).toBe(language);
  });
});

it.each([
  [0, "0 s"],
  [119, "119 s"],
  [120, "2 min"],
  [121, "3 min"],
  [7140, "119 min"],
  [7200, "2 h"],
  [50_000, "14 h"],
])("%i seconds are %s", (seconds, told) => {
  expect(duration(stringsFor("en"), seconds)).toBe(told);
});
