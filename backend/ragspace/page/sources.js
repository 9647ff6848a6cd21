/** The passages that an answer rests on: one line each, which opens to what was read. */

import { element, icon, outwardLink } from "./dom.js";
import { appendInline, safeUrl } from "./inline.js";

let lists = 0;

/** The sources of one answer. `element` is hidden while there are none. */
export class SourceList {
  element = element("section", { class: "sources", "aria-label": "Sources", hidden: true });
  #id = (lists += 1);
  #cards = new Map();
  #sources = [];
  #told = "[]";

  /** Show the passages that are being read. */
  show(sources) {
    // Told again with the end of the answer: the cards, which someone may have opened, stay.
    const told = JSON.stringify(sources);
    if (told === this.#told) return;
    this.#told = told;
    this.#sources = sources.map((source, position) => ({ index: position + 1, ...source }));
    this.#cards = new Map(this.#sources.map((source) => [source.index, card(source, this.#cardId(source.index))]));
    this.#lay([[null, this.#sources]]);
  }

  /** The answer is there: what it cites stays in sight, what was only read is folded. */
  settle(cited) {
    const used = this.#sources.filter((source) => cited.has(source.index));
    const unused = this.#sources.filter((source) => !cited.has(source.index));
    const count = `${unused.length} ${used.length ? "more " : ""}${unused.length === 1 ? "passage" : "passages"}`;
    this.#lay([
      ["Sources", used],
      [`${count} read, not cited`, unused],
    ]);
  }

  /** A link to a source for the text, or null where there is no such source. */
  citation(index) {
    const source = this.#sources.find((candidate) => candidate.index === index);
    if (!source) return null;
    const open = (event) => {
      event.preventDefault();
      this.#open(index);
    };
    const label = `Source ${index}: ${title(source)}`;
    const link = { class: "citation", href: `#${this.#cardId(index)}`, "aria-label": label, title: label };
    return element("a", { ...link, onclick: open }, String(index));
  }

  #cardId(index) {
    return `source-${this.#id}-${index}`;
  }

  #lay(groups) {
    this.element.hidden = this.#sources.length === 0;
    const laid = groups
      .filter(([, sources]) => sources.length > 0)
      .map(([heading, sources]) => {
        const list = element("ol", {}, ...sources.map((source) => element("li", {}, this.#cards.get(source.index))));
        if (heading === null) return list;
        if (heading === "Sources") return element("div", {}, element("h3", {}, heading), list);
        return element("details", { class: "uncited" }, element("summary", {}, icon("open"), heading), list);
      });
    const focused = document.activeElement;
    this.element.replaceChildren(...laid);
    if (this.element.contains(focused)) focused.focus({ preventScroll: true });
  }

  #open(index) {
    const card = this.#cards.get(index);
    card.closest(".uncited")?.setAttribute("open", "");
    card.open = true;
    const summary = card.querySelector("summary");
    summary.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
    card.classList.remove("found");
    requestAnimationFrame(() => card.classList.add("found"));
  }
}

function title({ heading, file }) {
  return heading || file;
}

function card(source, id) {
  const path = (source.heading || "").split(" > ").filter(Boolean);
  const summary = element(
    "summary",
    {},
    element("span", { class: "number", "aria-hidden": "true" }, String(source.index)),
    element("span", { class: "title" }, path.at(-1) ?? source.file),
    path.length ? element("span", { class: "file" }, source.file) : null,
    icon("open"),
  );
  const similarity = Number(source.similarity);
  return element(
    "details",
    { class: "card", id },
    summary,
    element(
      "div",
      { class: "body" },
      path.length > 1 ? element("p", { class: "path" }, path.join(" › ")) : null,
      source.snippet ? snippet(source.snippet) : null,
      element(
        "p",
        { class: "facts" },
        element("code", {}, source.file),
        Number.isFinite(similarity)
          ? element("span", { title: "Cosine of the question and the passage" }, `similarity ${similarity.toFixed(2)}`)
          : null,
        page(source.url),
      ),
    ),
  );
}

/** The beginning of the passage, as one line of the Markdown that it is written in. */
function snippet(text) {
  const quoted = element("blockquote");
  appendInline(quoted, text);
  return quoted;
}

/** The page a source is on. Where it is known from the site's root only, that site is not this one: no link. */
function page(url) {
  if (!url) return null;
  const address = safeUrl(url);
  return address ? outwardLink(address, "Open the page", icon("away")) : element("code", { class: "page" }, url);
}
