/**
 * Colours for code, once a block is complete. A language of its own has what is most often asked about; others are read as
 * one that is like them.
 */

import bash from "@speed-highlight/core/languages/bash.js";
import diff from "@speed-highlight/core/languages/diff.js";
import ini from "@speed-highlight/core/languages/ini.js";
import json from "@speed-highlight/core/languages/json.js";
import py from "@speed-highlight/core/languages/py.js";
import ts from "@speed-highlight/core/languages/ts.js";
import yaml from "@speed-highlight/core/languages/yaml.js";
import { tokenizeWith, type ShjLanguageData } from "@speed-highlight/core/tokenize";
import { markup } from "./markup";

// Their types are not made for exact optional properties.
const LANGUAGES = {
  bash,
  diff,
  ini,
  json,
  py,
  ts,
  yaml,
  sh: bash,
  shell: bash,
  console: bash,
  zsh: bash,
  dockerfile: bash,
  docker: bash,
  toml: ini,
  env: ini,
  dotenv: ini,
  python: py,
  python3: py,
  rust: ts,
  go: ts,
  js: ts,
  jsx: ts,
  tsx: ts,
  mjs: ts,
  javascript: ts,
  typescript: ts,
  java: ts,
  c: ts,
  cpp: ts,
  csharp: ts,
  html: markup,
  svg: markup,
  xml: markup,
  vue: markup,
  yml: yaml,
  jsonc: json,
  json5: json,
  css: ts,
  patch: diff,
} as object as Grammars;

type Grammars = Readonly<Record<string, ShjLanguageData>>;

/** A longer text would keep the page from scrolling while it is read. */
const MAX_CHARACTERS = 20_000;

const done = new WeakSet<Element>();
const whenIdle = (task: () => void): void => {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(task, { timeout: 500 });
  else setTimeout(task, 50);
};

/** `code` has one text node. */
export function highlightWhenIdle(code: Element, language: string): void {
  const grammar = LANGUAGES[language.toLowerCase()];
  if (!grammar || done.has(code)) return;
  done.add(code);
  whenIdle(() => highlight(code, grammar));
}

function highlight(code: Element, grammar: ShjLanguageData): void {
  const text = code.textContent;
  if (text.length > MAX_CHARACTERS) return;
  const parts: Node[] = [];
  tokenizeWith(
    text,
    grammar,
    (part, type) => {
      if (!part) return;
      if (type === undefined) parts.push(new Text(part));
      else
        parts.push(
          Object.assign(document.createElement("span"), { className: `hl-${type}`, textContent: part }),
        );
    },
    { languages: LANGUAGES },
  );
  code.replaceChildren(...parts);
}
