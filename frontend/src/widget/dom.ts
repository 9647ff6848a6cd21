/** Making elements. Text is only ever set as text. */

type Attribute = string | number | boolean | null | undefined;
type Listener = (event: Event) => void;
export type Child = Node | string | null | undefined | false;

/** An element with attributes (false, null and undefined leave one out), listeners (`onclick`) and children. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Attribute | Listener>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...present(children));
  return made;
}

/** Puts `children` in the place of what is there, unless just these are there already. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  const wanted = present(children);
  const same =
    wanted.length === parent.childNodes.length &&
    wanted.every((child, at) => child === parent.childNodes[at]);
  if (!same) parent.replaceChildren(...wanted);
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function present(children: readonly Child[]): (Node | string)[] {
  return children.filter(
    (child): child is Node | string => child !== null && child !== undefined && child !== false,
  );
}
