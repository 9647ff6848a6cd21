/** Making elements. Text is only ever set as text, so nothing that is shown can become markup. */

/**
 * An element with attributes (a function is a listener for the event that its name says, `onclick`; false,
 * null and undefined leave the attribute out) and children (nodes or texts).
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** One of the symbols of index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A link out of the page. */
export function outwardLink(url, ...children) {
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** A button that copies what `text()` returns. */
export function copyButton(label, text) {
  const button = element(
    "button",
    {
      type: "button",
      class: "small",
      "aria-label": label,
      title: label,
      onclick: async () => {
        if (!(await copied(text()))) return;
        button.replaceChildren(icon("done"));
        announce("Copied");
        setTimeout(() => button.replaceChildren(icon("copy")), 1500);
      },
    },
    icon("copy"),
  );
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

/** For pages without https and frames without the permission, where there is no clipboard to write to. */
function copiedBySelection(text) {
  const field = element("textarea", { class: "hidden", readonly: true });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

/** Tell readers who listen rather than look. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
