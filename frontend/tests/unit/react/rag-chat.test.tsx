// @vitest-environment happy-dom

import type { RagChatElement } from "../../../src";
import { act, createRef, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { RagChat } from "../../../src/react";

const API = "https://owner-space.example";

let root: Root;
let place: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network in this test")));
  place = document.body.appendChild(document.createElement("main"));
  root = createRoot(place);
});

afterEach(() => {
  act(() => root.unmount());
  place.remove();
});

function element(): HTMLElement {
  const found = place.querySelector<HTMLElement>("rag-chat");
  if (found === null) throw new Error("nothing was rendered");
  return found;
}

function tell(type: string, detail?: unknown): void {
  element().dispatchEvent(new CustomEvent(type, { detail }));
}

it("renders the element with its attributes, and none that was not given", () => {
  act(() => root.render(<RagChat api={API} mode="inline" docsBase="/book/" className="chat" lang="de" />));
  const given = Object.fromEntries([...element().attributes].map(({ name, value }) => [name, value]));
  expect(given).toMatchObject({ api: API, mode: "inline", "docs-base": "/book/", class: "chat", lang: "de" });
  expect(element().hasAttribute("theme")).toBe(false);
  expect(element().hasAttribute("heading")).toBe(false);
});

it("passes a theme's custom properties on", () => {
  act(() => root.render(<RagChat api={API} style={{ "--rag-chat-accent": "#0a7" }} />));
  expect(element().style.getPropertyValue("--rag-chat-accent")).toBe("#0a7");
});

it("loads the widget when it is mounted", async () => {
  act(() => root.render(<RagChat api={API} />));
  await vi.waitFor(() => expect(customElements.get("rag-chat")).toBeDefined());
  expect(element().shadowRoot).not.toBeNull();
});

it("follows attributes that change, also once the widget is loaded", async () => {
  act(() => root.render(<RagChat api={API} mode="inline" theme="dark" />));
  await customElements.whenDefined("rag-chat");
  act(() => root.render(<RagChat api={`${API}:8443`} mode="button" lang="de" placeholder="Frag" />));
  expect(element().getAttribute("api")).toBe(`${API}:8443`);
  expect(element().getAttribute("mode")).toBe("button");
  expect(element().getAttribute("placeholder")).toBe("Frag");
  expect(element().hasAttribute("theme")).toBe(false);
});

it("tells of answers, of opening and of closing, each once under strict mode too", () => {
  const [answered, opened, closed] = [vi.fn(), vi.fn(), vi.fn()];
  const chat = <RagChat api={API} onAnswer={answered} onOpen={opened} onClose={closed} />;
  act(() => root.render(<StrictMode>{chat}</StrictMode>));
  tell("rag-chat-open");
  tell("rag-chat-answer", { text: "42" });
  tell("rag-chat-close");
  expect(answered).toHaveBeenCalledExactlyOnceWith({ text: "42" });
  expect(opened).toHaveBeenCalledOnce();
  expect(closed).toHaveBeenCalledOnce();
});

it("calls the handler of the last rendering, and none after it is gone", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  act(() => root.render(<RagChat api={API} onAnswer={first} />));
  act(() => root.render(<RagChat api={API} onAnswer={second} />));
  const kept = element();
  tell("rag-chat-answer", 1);
  act(() => root.render(null));
  kept.dispatchEvent(new CustomEvent("rag-chat-answer", { detail: 2 }));
  expect(first).not.toHaveBeenCalled();
  expect(second).toHaveBeenCalledExactlyOnceWith(1);
});

it("gives the element to whoever asks for it by ref", () => {
  const ref = createRef<RagChatElement>();
  act(() => root.render(<RagChat api={API} ref={ref} />));
  expect(ref.current).toBe(element());
});

it("is rendered on a server as the element alone", () => {
  expect(renderToString(<RagChat api={API} docsBase="/book/" />)).toBe(
    `<rag-chat api="${API}" docs-base="/book/"></rag-chat>`,
  );
});
