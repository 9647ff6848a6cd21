/** What the Markdown view needs to know of the answer it shows. */
export interface MarkdownContext {
  isSource(index: number): boolean;
  /** A link to a source. */
  cite(index: number): Node;
  /** From where relative links are looked up; null where they lead nowhere. */
  readonly linkBase: string | null;
  /** Above code and tables. */
  codeBlock(language: string): CodeBlock;
  readonly tableLabel: string;
}

export interface CodeBlock {
  readonly element: HTMLElement;
  /** Where the code goes. */
  readonly code: HTMLElement;
}
