import { fileURLToPath, URL } from "node:url";

const TEXT = ["id", "api", "lang", "theme", "heading", "placeholder", "docsBase"];
const OPTIONS = [...TEXT, "suggestions", "selection"];

/**
 * Puts the chat on every page of a Docusaurus 3 site, in the language of the page.
 *
 * The element stands outside of what React renders, so that it stays as it is when the reader goes from page to page,
 * and the plugin needs no swizzling. The widget's code is a part of the site's own bundle: the button is there while
 * the service sleeps.
 *
 * @type {typeof import("./index").default}
 */
export default function ragspaceChat(context, options) {
  const attributes = {
    api: options.api.replace(/\/+$/, ""),
    lang: options.lang ?? context.i18n.currentLocale,
    theme: options.theme,
    heading: options.heading,
    placeholder: options.placeholder,
    suggestions: options.suggestions?.join("|"),
    selection: options.selection === false ? "off" : undefined,
    "docs-base": options.docsBase ?? context.baseUrl,
  };
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join("");
  return {
    name: "ragspace-chat",
    getClientModules: () => [fileURLToPath(new URL("client.js", import.meta.url))],
    // As text: the first versions of Docusaurus 3 know no custom elements.
    injectHtmlTags: () => ({ postBodyTags: [`<rag-chat${written}></rag-chat>`] }),
  };
}

/** @param {string} value */
function escaped(value) {
  return value.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
}

/** @type {typeof import("./index").validateOptions} */
export function validateOptions({ options }) {
  const unknown = Object.keys(options).filter((name) => !OPTIONS.includes(name));
  if (unknown.length > 0) {
    throw new Error(`ragspace-chat has no option "${unknown.join('", "')}"; it has ${OPTIONS.join(", ")}.`);
  }
  const wrong = TEXT.find((name) => !["string", "undefined"].includes(typeof options[name]));
  if (wrong !== undefined) throw new Error(`ragspace-chat: "${wrong}" must be a string.`);
  if (!/^https?:\/\/[^/]/.test(String(options.api))) {
    throw new Error(
      'ragspace-chat: "api" must be the address of the service, such as "https://owner-space.hf.space".',
    );
  }
  return { id: "default", ...options };
}
