/** Code of several lines: its language, a button that copies it, and a region that scrolls sideways. */

import type { CodeBlock } from "../markdown/context";
import type { Strings } from "../strings";
import { copyButton } from "./buttons";
import { h } from "./dom";

export function codeBlock(language: string, strings: Strings, announce: (text: string) => void): CodeBlock {
  const code = h("code");
  const label = strings.code + (language && ` (${language})`);
  const element = h(
    "div",
    { class: "code", part: "code", dir: "ltr" },
    h(
      "div",
      { class: "code-bar" },
      h("span", {}, language),
      copyButton({ label: strings.copyCode, copied: strings.copied }, () => code.textContent, announce),
    ),
    h("pre", { tabindex: 0, role: "region", "aria-label": label }, code),
  );
  return { element, code };
}
