// @vitest-environment happy-dom

import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ErrorCode } from "../../../src/api/types";
import type { Answer } from "../../../src/conversation";
import { en } from "../../../src/strings/en";
import { shown, source, turn } from "./talk";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  return () => vi.useRealTimers();
});

describe("while there is no text yet", () => {
  it.each<[string, Partial<Answer>]>([
    [en.searching, { sources: [] }],
    [en.reading(2), {}],
    [en.reconnecting, { status: "reconnecting" }],
  ])("%s", (told, answer) => {
    const { find } = shown({ turns: [turn({ text: "", status: "waiting", ...answer })] });
    expect(find(".progress").textContent).toBe(told);
    expect(find(".answer").getAttribute("aria-busy")).toBe("true");
  });

  it("the sources are in sight, and folded once the text comes", () => {
    const { conversation, root, find } = shown({ turns: [turn({ text: "", status: "waiting" })] });
    expect(root.querySelectorAll(".sources > ol .card")).toHaveLength(2);
    conversation.tell({ turns: [turn({ text: "Twenty", status: "streaming" })] });
    expect(find(".uncited > summary").textContent).toBe(en.read(2));
  });

  it("a selection is read, not searched for", () => {
    const { find } = shown({
      turns: [
        turn({ text: "", status: "waiting", sources: [] }, { mode: "selection", selection: "It turns." }),
      ],
    });
    expect(find(".progress").textContent).toBe(en.readingSelection);
    expect(find(".asked-about blockquote").textContent).toBe("It turns.");
  });

  it("a service that wakes up is told, with the seconds it has taken", () => {
    const waking = { kind: "waking", since: 1_000_000 - 5_000 } as const;
    const { find, conversation } = shown({ turns: [turn({ text: "", status: "waking" })], service: waking });
    expect(find(".answer .elapsed").textContent).toBe("5 s");
    vi.advanceTimersByTime(2_000);
    expect(find(".answer .elapsed").textContent).toBe("7 s");
    conversation.tell({
      turns: [turn({ text: "", status: "waiting", sources: [] })],
      service: { kind: "unknown" },
    });
    expect(find(".progress").textContent).toBe(en.searching);
  });
});

describe("a complete answer", () => {
  it("shows what it cites, and folds what was only read", () => {
    const { root, find } = shown({ turns: [turn()] });
    expect(root.querySelectorAll(".sources > ol .card")).toHaveLength(1);
    expect(find(".uncited > summary").textContent).toBe(en.uncited(1, true));
  });

  it("finds out itself what it cites where the service does not tell", () => {
    const { find } = shown({ turns: [turn({ cited: [] })] });
    expect(find(".sources > ol .title").textContent).toBe("Heading 1");
  });

  it("makes citations of what was told only with the sources at the end", () => {
    const { conversation, root, has } = shown({ turns: [turn({ status: "streaming", sources: [] })] });
    expect(has(".citation")).toBe(false);
    conversation.tell({ turns: [turn()] });
    expect(root.querySelectorAll(".citation")).toHaveLength(1);
  });

  it("has cards with the heading's path, the passage and a link to it", () => {
    const sources = [source(1, { snippet: "A **pulse** of [light](x.md)." })];
    const { find } = shown({ turns: [turn({ sources })] });
    expect(find(".card .path").textContent).toBe("Sensors › Heading 1");
    expect(find(".card blockquote").textContent).toBe("A pulse of light.");
    expect(find(".card a").getAttribute("href")).toBe("https://docs.example.org/1#heading");
    expect(find(".card a").getAttribute("target")).toBe("_blank");
  });

  it.each([
    ["/docs/a#b", "https://site.example.org/docs/", "https://site.example.org/docs/a#b"],
    ["/docs/a#b", null, undefined],
    ["javascript:alert(1)", "https://site.example.org/", undefined],
  ])("leads from %s below %s to %s", (url, linkBase, href) => {
    const { root } = shown({ turns: [turn({ sources: [source(1, { url })] })] }, { linkBase });
    expect(root.querySelector(".card a")?.getAttribute("href")).toBe(href);
  });

  it("opens the card that a citation names", () => {
    const { find } = shown({ turns: [turn({ text: "See [2].", cited: [1] })] });
    find(".citation").click();
    expect(find(".uncited").hasAttribute("open")).toBe(true);
    expect(find(".uncited .card").hasAttribute("open")).toBe(true);
  });

  it("shows the nearest headings where nothing was found", () => {
    const suggestions = [{ heading: "Deployment > Secrets", url: "/deploy#secrets" }];
    const { find } = shown({
      turns: [turn({ suggestions, finishReason: "not_found", sources: [], cited: [] })],
    });
    expect(find(".nearest a").textContent).toBe("Deployment › Secrets");
    expect(find(".nearest a").getAttribute("href")).toBe("https://site.example.org/deploy#secrets");
  });

  it("asks about a heading that no link leads to", () => {
    const suggestions = [{ heading: "Deployment > Secrets", url: "/deploy#secrets" }];
    const turns = [turn({ suggestions, finishReason: "not_found", sources: [], cited: [] })];
    const { find, conversation } = shown({ turns }, { linkBase: null });
    find(".nearest button").click();
    expect(conversation.calls).toEqual([["ask", en.askAboutHeading("Secrets")]]);
  });

  it.each<[keyof typeof en.note, Partial<Answer>]>([
    ["extractive", { finishReason: "extractive" }],
    ["length", { finishReason: "length" }],
    ["safety", { finishReason: "safety" }],
    ["stopped", { status: "stopped", finishReason: "stopped" }],
    ["stopped", { status: "stopped" }],
    ["incomplete", { status: "incomplete" }],
  ])("that ended with %s says so", (reason, answer) => {
    expect(shown({ turns: [turn(answer)] }).find(".note").textContent).toBe(en.note[reason]);
  });

  it("says nothing where all is as it should be", () => {
    expect(shown({ turns: [turn({ finishReason: "stop" })] }).has(".note")).toBe(false);
  });

  it("can be rated", async () => {
    const { button, conversation, find } = shown({ turns: [turn()] });
    button(en.good).click();
    expect(conversation.calls).toContainEqual(["rate", 1, "up"]);
    conversation.tell({ turns: [turn({ rating: "up" })] });
    expect(button(en.good).getAttribute("aria-pressed")).toBe("true");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(find("[role=log]").textContent).toContain(en.thanks);
  });

  it("cannot be rated under a name that the service does not know", () => {
    const { id: _, ...answer } = turn().answer;
    expect(shown({ turns: [{ ...turn(), answer }] }).has("[data-rating]")).toBe(false);
  });

  it("is copied as the Markdown that it is", async () => {
    const writeText = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    shown({ turns: [turn({ text: "**Twenty** [1]" })] })
      .button(en.copyAnswer)
      .click();
    await vi.advanceTimersByTimeAsync(0);
    expect(writeText).toHaveBeenCalledWith("**Twenty** [1]");
  });
});

describe("a failure", () => {
  const failedWith = (code: ErrorCode, retryAt?: number): ReturnType<typeof shown> =>
    shown({
      turns: [
        turn({ text: "", status: "failed", failure: { code, ...(retryAt !== undefined && { retryAt }) } }),
      ],
    });

  it.each(Object.keys(en.failure) as ErrorCode[])("%s has its sentence", (code) => {
    expect(failedWith(code).find(".failure p").textContent).toBe(en.failure[code]);
  });

  it.each<[ErrorCode, string, unknown[]]>([
    ["internal_error", en.retry, ["retry", 1]],
    ["generation_unavailable", en.retry, ["retry", 1]],
    ["interrupted", en.retry, ["retry", 1]],
    ["conversation_not_found", en.startAnew, ["startAnew"]],
  ])("%s can be helped by: %s", (code, name, call) => {
    const { find, conversation } = failedWith(code);
    expect(find(".failure button").textContent).toBe(name);
    find(".failure button").click();
    expect(conversation.calls).toContainEqual(call);
  });

  it.each<ErrorCode>(["validation_error", "body_too_large"])(
    "%s gives the question back to be changed",
    (code) => {
      const { find } = failedWith(code);
      find(".failure button").click();
      expect(find("textarea")).toHaveProperty("value", "How fast?");
    },
  );

  it.each<ErrorCode>(["origin_not_allowed", "not_found"])("%s has no button that would not help", (code) => {
    expect(failedWith(code).has(".failure button")).toBe(false);
  });

  it("counts down to when trying again makes sense", () => {
    const { find } = failedWith("rate_limited", 1_000_000 + 3_000);
    const retry = find(".failure button") as HTMLButtonElement;
    expect([retry.textContent, retry.disabled]).toEqual([en.retryIn("3 s"), true]);
    vi.advanceTimersByTime(1_000);
    expect(retry.textContent).toBe(en.retryIn("2 s"));
    vi.advanceTimersByTime(2_000);
    expect([retry.textContent, retry.disabled]).toEqual([en.retry, false]);
  });

  it("leaves what was written", () => {
    const failure = { code: "generation_unavailable" } as const;
    const { find } = shown({ turns: [turn({ status: "incomplete", failure })] });
    expect(find(".prose").textContent).toContain("Twenty times");
    expect(find(".failure p").textContent).toBe(en.failure.generation_unavailable);
  });

  it("goes when it is tried again", () => {
    const { conversation, has } = failedWith("internal_error");
    conversation.tell({ turns: [turn({ text: "", status: "waiting" })] });
    expect(has(".failure")).toBe(false);
  });
});
