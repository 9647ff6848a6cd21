/** The passages that an answer rests on: one line each, which opens to what was read. */

import type { Source } from "../api/types";
import { linkTo, safeUrl } from "../markdown/links";
import type { Strings } from "../strings";
import { fill, h } from "./dom";
import { icon } from "./icons";

/** The sources of one answer. `element` is hidden while there are none. */
export class SourceList {
  readonly element: HTMLElement;
  readonly #strings: Strings;
  readonly #linkBase: string | null;
  #cards = new Map<number, HTMLDetailsElement>();
  #sources: readonly Source[] = [];
  #told = "";

  constructor(strings: Strings, linkBase: string | null) {
    this.#strings = strings;
    this.#linkBase = linkBase;
    this.element = h("section", {
      class: "sources",
      part: "sources",
      "aria-label": strings.sources,
      hidden: true,
    });
  }

  has(index: number): boolean {
    return this.#cards.has(index);
  }

  /**
   * True where these are others than before. While they are being read, all are in sight; while the answer is `written`,
   * they are folded; then those that it cites are in sight.
   */
  show(sources: readonly Source[], cited: "reading" | "written" | ReadonlySet<number>): boolean {
    const changed = sources !== this.#sources && JSON.stringify(sources) !== JSON.stringify(this.#sources);
    if (changed) {
      this.#sources = sources;
      this.#cards = new Map(sources.map((source) => [source.index, this.#card(source)]));
    }
    const told = typeof cited === "string" ? cited : [...cited].join();
    if (changed || told !== this.#told) this.#lay(cited);
    this.#told = told;
    return changed;
  }

  /** A button that leads to the card of a source. */
  citation(index: number): HTMLElement {
    const source = this.#sources.find((candidate) => candidate.index === index);
    const label = this.#strings.source(index, source ? titleOf(source) : "");
    const onclick = (): void => this.#open(index);
    return h(
      "button",
      { type: "button", class: "citation", "aria-label": label, title: label, onclick },
      String(index),
    );
  }

  #lay(cited: "reading" | "written" | ReadonlySet<number>): void {
    this.element.hidden = this.#sources.length === 0;
    const inSight = (index: number): boolean =>
      typeof cited === "string" ? cited === "reading" : cited.has(index);
    const used = this.#sources.filter(({ index }) => inSight(index));
    const unused = this.#sources.filter(({ index }) => !inSight(index));
    const root = this.element.getRootNode();
    const focused = root instanceof ShadowRoot ? root.activeElement : null;
    fill(
      this.element,
      used.length > 0 && cited !== "reading" && h("h4", {}, this.#strings.sources),
      used.length > 0 && this.#list(used),
      unused.length > 0 &&
        this.#folded(
          unused,
          cited === "written" ? this.#strings.read : this.#strings.uncited,
          used.length > 0,
        ),
    );
    if (focused instanceof HTMLElement && this.element.contains(focused))
      focused.focus({ preventScroll: true });
  }

  #folded(sources: readonly Source[], label: Strings["uncited"], someCited: boolean): HTMLElement {
    // What someone has opened stays in sight.
    const open = sources.some(({ index }) => this.#cards.get(index)?.open);
    return h(
      "details",
      { class: "uncited", open },
      h("summary", {}, icon("chevron"), label(sources.length, someCited)),
      this.#list(sources),
    );
  }

  #list(sources: readonly Source[]): HTMLElement {
    return h("ol", {}, ...sources.map(({ index }) => h("li", {}, this.#cards.get(index))));
  }

  #open(index: number): void {
    const card = this.#cards.get(index);
    if (!card) return;
    card.closest(".uncited")?.setAttribute("open", "");
    card.open = true;
    card.querySelector("summary")?.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
    card.classList.remove("found");
    requestAnimationFrame(() => card.classList.add("found"));
  }

  #card(source: Source): HTMLDetailsElement {
    const path = source.heading.split(" > ").filter(Boolean);
    const url = safeUrl(source.url, this.#linkBase);
    return h(
      "details",
      { class: "card", part: "source" },
      h(
        "summary",
        {},
        h("span", { class: "number", "aria-hidden": "true" }, String(source.index)),
        h("span", { class: "title", dir: "auto" }, path.at(-1) ?? source.file),
        path.length > 0 && h("span", { class: "file" }, source.file),
        icon("chevron"),
      ),
      h(
        "div",
        { class: "body" },
        path.length > 1 && h("p", { class: "path", dir: "auto" }, path.join(" › ")),
        source.snippet !== undefined &&
          source.snippet !== "" &&
          h("blockquote", { dir: "auto" }, plain(source.snippet)),
        h("p", { class: "facts" }, h("code", {}, source.file), url && away(url, this.#strings.openSource)),
      ),
    );
  }
}

function away(url: URL, label: string): HTMLElement {
  const link = linkTo(url);
  link.append(label, icon("away"));
  return link;
}

function titleOf({ heading, file }: Source): string {
  return heading ? (heading.split(" > ").at(-1) ?? file) : file;
}

/** The beginning of a passage, without the marks of the Markdown that it is written in. */
function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^[ >]*(?:#{1,6} |[-*+] )|^ *```.*$/gm, "")
    .replace(/(\*\*|__|~~|`)(?=\S)(.+?)\1/g, "$2")
    .replace(/[ \t]*\n\s*/g, "\n")
    .trim();
}
