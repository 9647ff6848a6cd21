/** Before the first question. */

import type { Strings } from "../strings";
import { h } from "./dom";

export function welcome(
  strings: Strings,
  suggestions: readonly string[],
  ask: (question: string) => void,
): HTMLElement {
  const items = suggestions.map((question) =>
    h("li", {}, h("button", { type: "button", class: "suggestion", onclick: () => ask(question) }, question)),
  );
  return h(
    "div",
    { class: "welcome", part: "welcome" },
    h("h3", {}, strings.welcome),
    h("p", {}, strings.welcomeDetail),
    items.length > 0 && h("ul", { "aria-label": strings.examples }, ...items),
  );
}
