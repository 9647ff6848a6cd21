// @vitest-environment happy-dom

import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Health } from "../../../src/api/types";
import { en } from "../../../src/strings/en";
import { shown, turn } from "./talk";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  return () => vi.useRealTimers();
});

function type(field: HTMLElement, text: string): void {
  (field as HTMLTextAreaElement).value = text;
  field.dispatchEvent(new Event("input"));
}

function press(element: HTMLElement, key: string, more: KeyboardEventInit = {}): void {
  element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}

describe("the field", () => {
  it("asks with Enter, and is empty then", () => {
    const { find, conversation, draft } = shown();
    type(find("textarea"), "  How fast? ");
    expect(draft.text).toBe("  How fast? ");
    press(find("textarea"), "Enter");
    expect(conversation.calls).toEqual([["ask", "How fast?"]]);
    expect(find("textarea")).toHaveProperty("value", "");
    expect(draft.text).toBe("");
  });

  it.each([
    ["blank", "  \n ", {}],
    ["with Shift", "x", { shiftKey: true }],
    ["while a word is composed", "x", { isComposing: true }],
    ["too long", "é".repeat(2001), {}],
  ])("does not ask what is %s", (_, text, more) => {
    const { find, conversation } = shown();
    type(find("textarea"), text);
    press(find("textarea"), "Enter", more);
    expect(conversation.calls).toEqual([]);
    expect(find("textarea")).toHaveProperty("value", text);
  });

  it("counts characters as the service does, and tells when few are left", () => {
    const { find, button } = shown();
    type(find("textarea"), "x".repeat(1700));
    expect(find(".limit").textContent).toBe("");
    type(find("textarea"), "😀".repeat(1990));
    expect(find(".limit").textContent).toBe("10");
    expect(button(en.send).disabled).toBe(false);
    type(find("textarea"), "😀".repeat(2001));
    expect(find(".limit").textContent).toBe("-1");
    expect(find("textarea").getAttribute("aria-invalid")).toBe("true");
    expect(button(en.send).disabled).toBe(true);
  });

  it("keeps what is typed while an answer is written, and stops that", () => {
    const { find, conversation, button } = shown({ turns: [turn({ status: "streaming" })] });
    type(find("textarea"), "And then?");
    press(find("textarea"), "Enter");
    expect(find("textarea")).toHaveProperty("value", "And then?");
    expect(button(en.send).hidden).toBe(true);
    button(en.stop).click();
    expect(conversation.calls).toEqual([["stop"]]);
  });

  it("shows the selection that it asks about, which can be taken away", () => {
    const { find, conversation, button, has } = shown({ selection: "It turns\n  twenty times." });
    expect(find(".badge").textContent).toBe(`${en.selection}It turns twenty times.`);
    button(en.clearSelection).click();
    expect(conversation.calls).toEqual([["select", undefined]]);
    conversation.tell({ selection: undefined } as never);
    expect(has(".badge")).toBe(false);
  });
});

describe("before the first question", () => {
  it("offers questions", () => {
    const { button, conversation } = shown({}, { suggestions: ["How fast?"] });
    button("How fast?").click();
    expect(conversation.calls).toEqual([["ask", "How fast?"]]);
  });

  it("tells that the last conversation is fetched", () => {
    const { find, has } = shown({ resuming: true });
    expect(find(".resuming").textContent).toBe(en.resuming);
    expect(has(".welcome")).toBe(false);
  });

  it("tells that it could not be fetched, and tries again", () => {
    const { find, conversation } = shown({ resumeFailure: { code: "storage_unavailable" } });
    expect(find(".failure p").textContent).toBe(en.failure.storage_unavailable);
    find(".failure button").click();
    expect(conversation.calls).toEqual([["resume"]]);
  });
});

describe("the conversation", () => {
  it("keeps the elements of a turn that has not changed", () => {
    const { conversation, root } = shown({ turns: [turn()] });
    const [first] = root.querySelectorAll(".turn");
    conversation.tell({ turns: [turn(), turn({ text: "x" }, { key: 2 })] });
    expect(root.querySelectorAll(".turn")).toHaveLength(2);
    expect(root.querySelector(".turn")).toBe(first);
  });

  it("begins anew", () => {
    const { button, conversation, has } = shown({ turns: [turn()] });
    button(en.startAnew).click();
    expect(conversation.calls).toEqual([["startAnew"]]);
    conversation.tell({ turns: [] });
    expect(has(".turn")).toBe(false);
    expect(has(".welcome")).toBe(true);
    expect(button(en.startAnew).hidden).toBe(true);
  });

  it("is deleted once that is confirmed", async () => {
    const { button, conversation } = shown({ turns: [turn()] });
    button(en.remove).click();
    expect(conversation.calls).toEqual([]);
    button(en.removeConfirm).click();
    await vi.advanceTimersByTimeAsync(0);
    expect(conversation.calls).toEqual([["remove"]]);
  });

  it("is not deleted where that is cancelled", () => {
    const { button, conversation, chat, has } = shown({ turns: [turn()] });
    button(en.remove).click();
    button(en.cancel).click();
    button(en.remove).click();
    expect(chat.escape()).toBe(true);
    expect(has("[role=alertdialog]")).toBe(false);
    expect(chat.escape()).toBe(false);
    expect(conversation.calls).toEqual([]);
  });

  it("tells where it could not be deleted", async () => {
    const { button, conversation, find } = shown({ turns: [turn()] });
    conversation.succeeds = false;
    button(en.remove).click();
    button(en.removeConfirm).click();
    await vi.advanceTimersByTimeAsync(0);
    expect(find(".confirmation").textContent).toBe(en.removeFailed);
  });
});

describe("the service", () => {
  const health = (down: readonly string[]): Health => {
    const report = (name: string) => ({ status: down.includes(name) ? "unavailable" : "connected" }) as const;
    return {
      status: "degraded",
      services: { qdrant: report("qdrant"), postgres: report("postgres"), gemini: report("gemini") },
    };
  };

  it.each([
    [["qdrant"], [en.down.qdrant, en.stillWorks]],
    [["gemini"], [en.down.gemini]],
    [["postgres"], [en.down.postgres]],
    [
      ["qdrant", "gemini"],
      [en.down.qdrant, en.down.gemini],
    ],
  ])("without %j says what works", (down, sentences) => {
    const { root } = shown({ service: { kind: "impaired", health: health(down) } });
    expect([...root.querySelectorAll(".notice p")].map((each) => each.textContent)).toEqual(sentences);
  });

  it("that is asleep is told", () => {
    const { find } = shown({ service: { kind: "waking", since: 1_000_000 - 3_000 } });
    expect(find(".notice").textContent).toContain("3 s");
  });

  it("that cannot be reached for want of a network is told, until there is one", () => {
    const { find, conversation, has } = shown({ service: { kind: "offline" } });
    expect(find(".notice").textContent).toBe(en.offline);
    conversation.tell({ service: { kind: "unknown" } });
    expect(has(".notice")).toBe(false);
  });
});

describe("listeners hear", () => {
  const heard = (root: HTMLElement): string[] =>
    [...root.querySelectorAll("[role=log] p")].map((each) => each.textContent);

  it("sentences once they are finished, without marks and code", () => {
    const { root, conversation } = shown({ turns: [turn({ text: "", status: "waiting" })] });
    conversation.tell({
      turns: [turn({ text: "It turns **twenty** times [1]. And it", status: "streaming" })],
    });
    vi.advanceTimersByTime(1_000);
    expect(heard(root)).toEqual(["It turns twenty times."]);
    const text = "It turns **twenty** times [1]. And it is [fast](x).\n\n```py\nx = 1\n```\nDone";
    conversation.tell({ turns: [turn({ text, status: "streaming" })] });
    conversation.tell({ turns: [turn({ text })] });
    vi.advanceTimersByTime(1_000);
    expect(heard(root).join(" ").replace(/\s+/g, " ")).toBe("It turns twenty times. And it is fast. Done");
  });

  it("nothing of an answer that was there before", () => {
    const { root } = shown({ turns: [turn()] });
    vi.advanceTimersByTime(5_000);
    expect(heard(root)).toEqual([]);
  });

  it("how an answer failed", () => {
    const { root, conversation } = shown({ turns: [turn({ text: "", status: "waiting" })] });
    conversation.tell({ turns: [turn({ text: "", status: "failed", failure: { code: "quota_exceeded" } })] });
    vi.advanceTimersByTime(1_000);
    expect(heard(root)).toEqual([en.failure.quota_exceeded]);
  });
});
