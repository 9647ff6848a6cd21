/** Buttons of the widget. */

import { h } from "./dom";
import { icon, type IconName } from "./icons";

/** A button that shows only an icon. */
export function iconButton(
  name: IconName,
  label: string,
  onclick: () => void,
  className = "small",
): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: className, "aria-label": label, title: label, onclick },
    icon(name),
  );
}

const COPIED_SHOWN_MS = 1500;

export interface CopyLabels {
  readonly label: string;
  readonly copied: string;
}

/** A button that copies what `text()` returns, and tells `done` that it did. */
export function copyButton(
  { label, copied }: CopyLabels,
  text: () => string,
  done: (told: string) => void,
): HTMLButtonElement {
  const button = iconButton("copy", label, () => {
    void copy(text(), button).then((succeeded) => {
      if (!succeeded) return;
      button.replaceChildren(icon("done"));
      done(copied);
      setTimeout(() => button.replaceChildren(icon("copy")), COPIED_SHOWN_MS);
    });
  });
  return button;
}

async function copy(text: string, near: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, near);
  }
}

/** For pages without https and frames without the permission, which have no clipboard to write to. */
function copyBySelection(text: string, near: Element): boolean {
  const field = h("textarea", { class: "hidden", readonly: true, "aria-hidden": "true", tabindex: -1 });
  field.value = text;
  near.after(field);
  field.select();
  // The only way there is where the clipboard's own is missing.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const done = document.execCommand("copy");
  field.remove();
  if (near instanceof HTMLElement) near.focus();
  return done;
}
