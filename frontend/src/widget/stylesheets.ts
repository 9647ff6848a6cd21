/** The styles, shared by all elements of a page. Constructed sheets need no exception from a content security policy. */

import answer from "./styles/answer.css?inline";
import controls from "./styles/controls.css?inline";
import forced from "./styles/forced.css?inline";
import panel from "./styles/panel.css?inline";
import prose from "./styles/prose.css?inline";
import sources from "./styles/sources.css?inline";
import tokens from "./styles/tokens.css?inline";

let shared: CSSStyleSheet | undefined;

export function sharedStyles(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync([tokens, panel, controls, answer, prose, sources, forced].join(""));
  }
  return shared;
}

/** Custom properties of one element that change while it is used. */
export class Variables {
  readonly sheet = new CSSStyleSheet();

  constructor() {
    this.sheet.replaceSync(":host{}");
  }

  set(name: `--_${string}`, value: string): void {
    const [rule] = this.sheet.cssRules;
    if (rule instanceof CSSStyleRule) rule.style.setProperty(name, value);
  }
}
