// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RagChatElement } from "../../../src/widget";
import { themeOf } from "../../../src/widget/theme";

beforeEach(() => {
  vi.stubGlobal(
    "fetch",
    vi.fn(() => Promise.reject(new TypeError("no network"))),
  );
});

afterEach(() => {
  document.body.replaceChildren();
  document.documentElement.removeAttribute("data-theme");
  document.documentElement.removeAttribute("lang");
  sessionStorage.clear();
  localStorage.clear();
});

function element(attributes: Record<string, string> = {}): RagChatElement {
  const made = document.createElement("rag-chat");
  for (const [name, value] of Object.entries({ api: "https://a.example", ...attributes }))
    made.setAttribute(name, value);
  document.body.append(made);
  return made;
}

function inside(chat: RagChatElement, selector: string): HTMLElement {
  const found = chat.shadowRoot?.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

function events(chat: RagChatElement, ...types: string[]): string[] {
  const told: string[] = [];
  for (const type of types) chat.addEventListener(type, () => told.push(type));
  return told;
}

describe("a button", () => {
  it("asks the service nothing before it is opened", () => {
    element();
    expect(fetch).not.toHaveBeenCalled();
  });

  it("opens a dialog with its name, and closes it", () => {
    const chat = element({ heading: "Ask us" });
    const told = events(chat, "rag-chat-open", "rag-chat-close");
    inside(chat, ".launcher").click();
    expect(inside(chat, ".panel").hidden).toBe(false);
    expect(inside(chat, ".panel").getAttribute("role")).toBe("dialog");
    expect(inside(chat, "h2").textContent).toBe("Ask us");
    expect(inside(chat, ".launcher").getAttribute("aria-expanded")).toBe("true");
    inside(chat, ".panel").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(inside(chat, ".panel").hidden).toBe(true);
    expect(chat.shadowRoot?.activeElement).toBe(inside(chat, ".launcher"));
    expect(told).toEqual(["rag-chat-open", "rag-chat-close"]);
  });

  it("is open on the next page where it was left open", () => {
    element().open();
    document.body.replaceChildren();
    expect(inside(element(), ".panel").hidden).toBe(false);
    expect(inside(element({ api: "https://b.example" }), ".panel").hidden).toBe(true);
  });
});

describe("within the page", () => {
  it("is a region without a button", () => {
    const chat = element({ mode: "inline" });
    expect(inside(chat, ".panel").getAttribute("role")).toBe("region");
    expect(() => inside(chat, ".launcher")).toThrow();
  });

  it("does not close", () => {
    const chat = element({ mode: "inline" });
    chat.close();
    expect(inside(chat, ".panel").hidden).toBe(false);
  });
});

it("asks what it is told to ask, and tells of the answer", async () => {
  const lines = [
    { type: "metadata", conversation_id: "c", message_id: "m" },
    { type: "token", content: "Twenty." },
    { type: "done", sources: [] },
  ].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  vi.mocked(fetch).mockImplementation(() =>
    Promise.resolve(new Response(lines.join(""), { headers: { "Content-Type": "text/event-stream" } })),
  );
  const chat = element();
  const answered = new Promise<unknown>((resolve) => {
    chat.addEventListener("rag-chat-answer", (event) => resolve((event as CustomEvent<unknown>).detail));
  });
  chat.ask("How fast?");
  expect(await answered).toMatchObject({
    question: "How fast?",
    turn: { answer: { text: "Twenty.", status: "complete" } },
  });
});

describe("the language is that of", () => {
  it.each([
    ["the element", "de", "en", "Die Dokumente fragen"],
    ["the page", undefined, "de-CH", "Die Dokumente fragen"],
    ["English where there is no other", undefined, "fr", "Ask the documents"],
  ])("%s", (_, own, page, heading) => {
    document.documentElement.lang = page;
    const chat = element(own === undefined ? {} : { lang: own });
    expect(inside(chat, "h2").textContent).toBe(heading);
  });
});

it("keeps what is typed when an attribute changes", async () => {
  const chat = element();
  chat.open();
  const field = inside(chat, "textarea") as HTMLTextAreaElement;
  field.value = "Half a quest";
  field.dispatchEvent(new Event("input"));
  chat.setAttribute("lang", "de");
  chat.setAttribute("heading", "Fragen");
  await Promise.resolve();
  expect(inside(chat, "h2").textContent).toBe("Fragen");
  expect(inside(chat, ".panel").hidden).toBe(false);
  expect(inside(chat, "textarea")).toHaveProperty("value", "Half a quest");
});

it("offers first questions, of the attribute and of the property", () => {
  const chat = element({ suggestions: "How fast? | How far?" });
  expect(chat.suggestions).toEqual(["How fast?", "How far?"]);
  chat.suggestions = ["How much?"];
  chat.open();
  expect(inside(chat, ".suggestion").textContent).toBe("How much?");
});

describe("the theme", () => {
  it.each([
    ["dark", "light", "dark"],
    ["light", "dark", "light"],
    ["auto", "dark", "dark"],
    [null, "light", "light"],
  ])("%s on a site that is %s is %s", (wanted, site, theme) => {
    document.documentElement.dataset.theme = site;
    expect(themeOf(wanted)).toBe(theme);
  });

  it("follows the site while it is shown", async () => {
    document.documentElement.dataset.theme = "light";
    const chat = element();
    document.documentElement.dataset.theme = "dark";
    await vi.waitFor(() => expect(inside(chat, ".frame").dataset.theme).toBe("dark"));
  });
});

it("has no inline style and no style element", () => {
  const chat = element({ mode: "inline" });
  expect(chat.shadowRoot?.querySelectorAll("[style], style")).toHaveLength(0);
  expect(chat.shadowRoot?.adoptedStyleSheets.length).toBeGreaterThan(0);
});
