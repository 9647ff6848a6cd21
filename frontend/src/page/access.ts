/** The key of a private service: asked for once it refuses, sent to that service alone, kept for this tab. */

import { h } from "../widget/dom";

const KEPT = "ragspace-key";
const REFUSED = 401;

/** Whatever this page asks of the API at `api` brings the key from here on; `refused` is called where it lacks. */
export function sendKey(api: string, refused: () => void): void {
  const plain = window.fetch.bind(window);
  const own = new URL(`${api || "."}/api/`, document.baseURI).href;
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(own)) return plain(request);
    const key = sessionStorage.getItem(KEPT);
    if (key !== null) request.headers.set("X-API-Key", key);
    const response = await plain(request);
    if (response.status === REFUSED) refused();
    return response;
  };
}

/** What asks for the key. It is gone once one was given; another refusal asks again. */
export function keyForm(): HTMLFormElement {
  const key = h("input", { type: "password", name: "key", required: true, autocomplete: "off" });
  const form = h(
    "form",
    { class: "notice", id: "key" },
    h("label", {}, h("b", {}, "This service is private."), " Its key: ", key),
    " ",
    h("button", {}, "Use it"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEPT, key.value.trim());
    form.remove();
  });
  return form;
}
