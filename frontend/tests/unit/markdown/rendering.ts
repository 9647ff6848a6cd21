import type { MarkdownContext } from "../../../src/markdown/context";
import { MarkdownView } from "../../../src/markdown/view";

/** Three sources, and links that are looked up from a site of documents. */
export const context: MarkdownContext = {
  isSource: (index) => index >= 1 && index <= 3,
  cite: (index) => {
    const made = document.createElement("i");
    made.textContent = String(index);
    return made;
  },
  linkBase: "https://docs.example.org/guide/",
  codeBlock: (language) => {
    const element = document.createElement("div");
    element.className = "code";
    const code = document.createElement("code");
    code.className = language;
    element.append(document.createElement("pre"));
    element.firstElementChild?.append(code);
    return { element, code };
  },
  tableLabel: "Table",
};

export function view(): { container: HTMLElement; markdown: MarkdownView } {
  const container = document.createElement("div");
  return { container, markdown: new MarkdownView(container, context) };
}

export function whole(text: string): string {
  const { container, markdown } = view();
  markdown.show(text, false);
  return container.innerHTML;
}

/** What is shown in the end of a text that came in pieces. */
export function streamed(text: string, step: number): string {
  const { container, markdown } = view();
  for (let end = step; end < text.length; end += step) markdown.show(text.slice(0, end), true);
  markdown.show(text, false);
  return container.innerHTML;
}
