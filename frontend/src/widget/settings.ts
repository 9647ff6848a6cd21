/** The attributes of `<rag-chat>`. */

import { stringsFor, type Strings } from "../strings";

export const ATTRIBUTES = [
  "api",
  "mode",
  "lang",
  "theme",
  "heading",
  "placeholder",
  "docs-base",
  "suggestions",
  "selection",
] as const;

export interface Settings {
  readonly api: string;
  readonly inline: boolean;
  readonly strings: Strings;
  readonly heading: string;
  readonly placeholder: string | null;
  readonly docsBase: string | undefined;
  /** From where relative links are looked up; null where they lead nowhere. */
  readonly linkBase: string | null;
  readonly suggestions: readonly string[];
  readonly asksAboutSelection: boolean;
}

export function settingsOf(element: HTMLElement): Settings {
  const attribute = (name: (typeof ATTRIBUTES)[number]): string | null => element.getAttribute(name);
  const strings = stringsFor(
    attribute("lang"),
    element.closest("[lang]")?.getAttribute("lang"),
    document.documentElement.lang,
  );
  const docsBase = attribute("docs-base") ?? "";
  return {
    api: attribute("api") ?? "",
    inline: attribute("mode") === "inline",
    strings,
    heading: attribute("heading") ?? strings.heading,
    placeholder: attribute("placeholder"),
    docsBase: docsBase === "" || docsBase === "none" ? undefined : docsBase,
    linkBase: docsBase === "none" ? null : new URL(docsBase, document.baseURI).href,
    suggestions: (attribute("suggestions") ?? "")
      .split("|")
      .map((each) => each.trim())
      .filter(Boolean),
    asksAboutSelection: attribute("selection") !== "off",
  };
}
