/** The page: one conversation on all of it, and how the service is. */

import "../widget";
import type { ServiceState } from "../conversation";
import { keyForm, sendKey } from "./access";
import { FIRST_QUESTIONS, maySearchSample, runsOn, stateOf } from "./facts";
import { notices } from "./notices";

/** The one value that says where the API is; empty where it is the page's own address. */
const API = import.meta.env.VITE_API_BASE_URL?.trim().replace(/\/+$/, "") ?? "";

function find(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`index.html has no ${selector}`);
  return found;
}

const chat = document.createElement("rag-chat");

function show(service: ServiceState): void {
  const { status, text } = stateOf(service);
  find("#state").dataset.status = status;
  find("#state-text").textContent = text;
  const health = "health" in service ? service.health : undefined;
  find("#notices").replaceChildren(...(health ? notices(health) : []));
  if (!health) return;
  find("#runs-on").textContent = runsOn(health);
  chat.suggestions = maySearchSample(health) ? FIRST_QUESTIONS : [];
}

if (API !== "") {
  find("#docs").setAttribute("href", `${API}/docs`);
  find("#health").setAttribute("href", `${API}/api/health`);
}
sendKey(API, () => {
  if (!document.querySelector("#key")) find("main").prepend(keyForm());
});
chat.addEventListener("rag-chat-service", (event) => show((event as CustomEvent<ServiceState>).detail));
// Relative addresses are those of the documents' own site, which this one is not.
const attributes = {
  api: API,
  mode: "inline",
  heading: "",
  lang: "en",
  "docs-base": "none",
  selection: "off",
};
for (const [name, value] of Object.entries(attributes)) chat.setAttribute(name, value);
// What is noticed once the service has answered comes after it, and does not push it down.
find("main").prepend(chat);
// A page in a frame must not pull the page around it to itself, nor a phone open its keyboard unasked.
if (window.top === window && matchMedia("(pointer: fine)").matches) chat.focus();
