import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { MemoryStorage, TestPlatform } from "../api/support/platform";
import {
  done,
  failure,
  HEALTH,
  json,
  noContent,
  ServedAnswer,
  Service,
  SOURCE,
  sources,
  stream,
  token,
} from "../api/support/service";
import { Talk } from "./support/talk";

let service: Service;
let talk: Talk;

beforeEach(async () => {
  service = await Service.start();
  service.on("GET", "/api/health", json(200, HEALTH));
  talk = new Talk(service.url);
});
afterEach(async () => {
  talk.conversation.close();
  await service.stop();
});

function serve(answer: ServedAnswer): ServedAnswer {
  service.on("POST", "/api/chat", stream(answer.frames()));
  service.on("GET", answer.path, answer.resumed());
  service.on("POST", `/api/chat/${answer.id}/stop`, noContent);
  return answer;
}

const simple = (): ServedAnswer =>
  serve(new ServedAnswer([sources, token("Ten "), token("Hz [1]."), done()]));

describe("asking", () => {
  test("becomes a turn at once, and its answer in the end", async () => {
    const { id } = simple();
    talk.conversation.ask("  How fast?\n");
    expect(talk.turn()).toMatchObject({
      question: "How fast?",
      mode: "general",
      answer: { status: "waiting" },
    });
    expect(await talk.settled()).toEqual({
      id,
      text: "Ten Hz [1].",
      status: "complete",
      sources: [SOURCE],
      cited: [1],
      suggestions: [],
      finishReason: "stop",
    });
    expect(talk.states.at(-1)).toBe(talk.state);
  });

  test("goes on in the conversation that the service told", async () => {
    const { conversationId } = simple();
    await talk.asked("How fast?");
    await talk.asked("And in rain?");
    const bodies = service.askedFor("POST", "/api/chat").map(({ body }) => body);
    expect(bodies).toEqual([
      { message: "How fast?", mode: "general" },
      { message: "And in rain?", mode: "general", conversation_id: conversationId },
    ]);
    expect(new Set(talk.state.turns.map(({ key }) => key)).size).toBe(2);
  });

  test("goes on under another id where the service did not know the one it was asked with", async () => {
    simple();
    await talk.asked("One?");
    const second = simple();
    await talk.asked("Two?");
    simple();
    await talk.asked("Three?");
    expect(service.askedFor("POST", "/api/chat")[2]?.body).toMatchObject({
      conversation_id: second.conversationId,
    });
    expect(talk.state.turns).toHaveLength(3);
  });

  test("is harmless while an answer runs, when blank and after the end", async () => {
    simple();
    talk.conversation.ask("One?");
    talk.conversation.ask("Two?");
    talk.conversation.ask("   ");
    await talk.settled();
    expect(service.askedFor("POST", "/api/chat")).toHaveLength(1);
    talk.conversation.close();
    talk.conversation.ask("Three?");
    talk.conversation.retry(talk.turn().key);
    expect(talk.state.turns).toHaveLength(1);
  });

  test("can be done by a listener that is told of the end", async () => {
    simple();
    talk.conversation.subscribe(({ turns }) => {
      if (turns.length === 1 && turns[0]?.answer.status === "complete") talk.conversation.ask("More?");
    });
    talk.conversation.ask("One?");
    await talk.until(() => talk.state.turns.length === 2 && talk.answer.status === "complete");
  });

  test("deltas within one frame are told as one change", async () => {
    talk.platform.drawsFrames = false;
    const words = Array.from({ length: 50 }, (_, at) => token(`${at} `));
    service.on("POST", "/api/chat", stream(new ServedAnswer([sources, ...words]).frames(), { open: true }));
    talk.conversation.ask("Count");
    const told = talk.states.length;
    await talk.until(() => talk.answer.text.endsWith("49 "));
    expect(talk.states).toHaveLength(told);
    talk.platform.drawFrame();
    expect(talk.states).toHaveLength(told + 1);
    expect(talk.states.at(-1)).toBe(talk.state);
  });

  test("a listener that fails, or has unsubscribed, disturbs nobody", async () => {
    simple();
    const gone = vi.fn();
    talk.conversation.subscribe(gone)();
    talk.conversation.subscribe(() => {
      throw new Error("a view's mistake");
    });
    expect((await talk.asked("One?")).status).toBe("complete");
    expect(gone).not.toHaveBeenCalled();
    expect(talk.platform.reported).not.toHaveLength(0);
  });

  test("a service that knows only the frozen part answers, follows up and is stopped", async () => {
    const source = { file: "docs/a.md", heading: "A", similarity: 0.8 };
    const frozen = (events: object[]): string =>
      events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    const begin = [
      { type: "metadata", conversation_id: "c" },
      { type: "token", content: "Four [1], not [2]." },
    ];
    service.on("POST", "/api/chat", stream(frozen([...begin, { type: "done", sources: [source] }])));
    const answer = await talk.asked("How many?");
    expect(answer).toMatchObject({ status: "complete", cited: [1], sources: [{ index: 1, url: "/docs/a" }] });
    expect(answer.id).toBeUndefined();
    expect(await talk.conversation.rate(talk.turn().key, "up")).toBe(false);
    service.on("POST", "/api/chat", stream(frozen(begin), { open: true }));
    talk.conversation.ask("And?");
    await talk.until(() => talk.answer.text !== "");
    talk.conversation.stop();
    talk.platform.runOut(4000);
    expect((await talk.settled()).status).toBe("stopped");
    expect(service.askedFor("POST", "/api/chat")[1]?.body).toMatchObject({ conversation_id: "c" });
  });
});

describe("selection mode", () => {
  test("asks about the selected text, once", async () => {
    simple();
    talk.conversation.select("  The harvest begins in September. ");
    expect(talk.state.selection).toBe("The harvest begins in September.");
    await talk.asked("When?");
    await talk.asked("Why?");
    expect(service.askedFor("POST", "/api/chat").map(({ body }) => body)).toMatchObject([
      { mode: "selection", context: "The harvest begins in September." },
      { mode: "general" },
    ]);
    expect(talk.turn(0)).toMatchObject({ mode: "selection", selection: "The harvest begins in September." });
    expect("selection" in talk.state).toBe(false);
  });

  test("a retry is about the same text", async () => {
    service.on("POST", "/api/chat", failure(503, "generation_unavailable"));
    talk.conversation.select("The harvest.");
    await talk.asked("When?");
    simple();
    talk.conversation.retry(talk.turn().key);
    expect((await talk.settled()).status).toBe("complete");
    expect(service.askedFor("POST", "/api/chat")[1]?.body).toMatchObject({ context: "The harvest." });
  });

  test("blank text is none, and too long a text is cut at a word", () => {
    talk.conversation.select(" \n ");
    expect(talk.state.selection).toBeUndefined();
    talk.conversation.select("word ".repeat(3000));
    expect(talk.state.selection).toBe("word ".repeat(1600).trim());
    talk.conversation.select("x".repeat(7999) + "🚀" + "x".repeat(100));
    expect(talk.state.selection).toBe("x".repeat(7999));
    talk.conversation.select(undefined);
    expect(talk.state.selection).toBeUndefined();
  });
});

describe("failing", () => {
  test.each([
    ["validation_error", 422],
    ["rate_limited", 429],
    ["quota_exceeded", 429],
    ["internal_error", 500],
    ["retrieval_unavailable", 503],
    ["generation_unavailable", 503],
    ["storage_unavailable", 503],
    ["shutting_down", 503],
    ["generation_timeout", 504],
  ])("%s before the head fails the answer, and tells when to try again", async (code, status) => {
    service.on("POST", "/api/chat", failure(status, code, 30));
    const answer = await talk.asked("One?");
    expect(answer).toMatchObject({ status: "failed", text: "" });
    expect(answer.failure).toEqual({ code, retryAt: talk.platform.time + 30_000 });
    simple();
    talk.conversation.retry(talk.turn().key);
    expect(await talk.settled()).toMatchObject({ status: "complete" });
    expect(talk.answer.failure).toBeUndefined();
    expect(talk.state.turns).toHaveLength(1);
  });

  test("after some text the answer is incomplete, and keeps it", async () => {
    const error = { type: "error", code: "generation_unavailable", message: "m", retry_after: 10 };
    serve(new ServedAnswer([sources, token("Ten"), error]));
    expect(await talk.asked("One?")).toMatchObject({
      status: "incomplete",
      text: "Ten",
      sources: [SOURCE],
      failure: { code: "generation_unavailable", retryAt: talk.platform.time + 10_000 },
    });
  });

  test("an answer cut off by the network is told from where it was, by retry", async () => {
    const answer = simple();
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    service.on("GET", answer.path, failure(503, "shutting_down"));
    expect(await talk.asked("One?")).toMatchObject({
      status: "incomplete",
      text: "Ten ",
      failure: { code: "interrupted" },
    });
    expect(talk.statuses()).toContain("reconnecting");
    service.on("GET", answer.path, answer.resumed());
    talk.conversation.retry(talk.turn().key);
    expect(await talk.settled()).toMatchObject({ status: "complete", text: "Ten Hz [1]." });
    expect(service.askedFor("POST", "/api/chat")).toHaveLength(1);
  });

  test("an answer that the service has lost is asked for again, by retry", async () => {
    const answer = simple();
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    service.on("GET", answer.path, failure(404, "message_not_found"));
    expect((await talk.asked("One?")).failure).toEqual({ code: "interrupted" });
    simple();
    talk.conversation.retry(talk.turn().key);
    expect(await talk.settled()).toMatchObject({ status: "complete" });
    expect(service.askedFor("POST", "/api/chat")).toHaveLength(2);
  });

  test("nonsense is a failure of the protocol", async () => {
    service.on("POST", "/api/chat", stream("data: nonsense\n\n"));
    expect((await talk.asked("One?")).failure).toEqual({ code: "protocol" });
  });
});

describe("stopping", () => {
  test("keeps what is written, by the service's own word", async () => {
    const answer = serve(new ServedAnswer([sources, token("Ten "), done({ finish_reason: "stopped" })]));
    let stopped: () => void = () => undefined;
    const stopping = new Promise<void>((resolve) => (stopped = resolve));
    service.on("POST", "/api/chat", async (response, asked) => {
      await stream(answer.frames(0, 3), { open: true })(response, asked);
      await stopping;
      response.end(answer.frames(3));
    });
    service.on("POST", `/api/chat/${answer.id}/stop`, (response, asked) => {
      stopped();
      return noContent(response, asked);
    });
    talk.conversation.ask("One?");
    await talk.until(() => talk.answer.text === "Ten ");
    talk.conversation.stop();
    talk.conversation.stop();
    expect(await talk.settled()).toMatchObject({ status: "stopped", text: "Ten ", finishReason: "stopped" });
    expect(service.askedFor("POST", `/api/chat/${answer.id}/stop`)).toHaveLength(1);
  });

  test("before the id is known, it is told once it is", async () => {
    const answer = serve(new ServedAnswer([token("Ten"), done({ finish_reason: "stopped" })]));
    let go: () => void = () => undefined;
    const going = new Promise<void>((resolve) => (go = resolve));
    service.on("POST", "/api/chat", async (response, asked) => {
      await going;
      await stream(answer.frames(0, 1), { open: true })(response, asked);
      await vi.waitUntil(() => service.askedFor("POST", `/api/chat/${answer.id}/stop`).length === 1);
      response.end(answer.frames(1));
    });
    talk.conversation.ask("One?");
    await vi.waitUntil(() => service.asked.length === 1);
    talk.conversation.stop();
    go();
    expect((await talk.settled()).status).toBe("stopped");
  });

  test.each([
    ["does not react", noContent, true],
    ["refuses", failure(404, "message_not_found"), false],
  ])("leaves an answer whose service %s", async (_, reply, runsOut) => {
    const answer = new ServedAnswer([sources, token("Ten [1] ")]);
    service.on("POST", "/api/chat", stream(answer.frames(), { open: true }));
    service.on("POST", `/api/chat/${answer.id}/stop`, reply);
    talk.conversation.ask("One?");
    await talk.until(() => talk.answer.text !== "");
    talk.conversation.stop();
    if (runsOut) expect(talk.platform.runOut(4000)).toBe(1);
    expect(await talk.settled()).toMatchObject({ status: "stopped", text: "Ten [1] ", cited: [1] });
    simple();
    expect((await talk.asked("Two?")).status).toBe("complete");
  });
});

describe("rating, beginning anew and deleting", () => {
  test("a rating is shown once the service has it", async () => {
    const { id } = simple();
    service.on("POST", "/api/feedback", failure(503, "storage_unavailable"), noContent);
    await talk.asked("One?");
    const { key } = talk.turn();
    expect(await talk.conversation.rate(key, "down")).toBe(false);
    expect(talk.answer.rating).toBeUndefined();
    expect(await talk.conversation.rate(key, "up")).toBe(true);
    expect(talk.answer.rating).toBe("up");
    expect(service.askedFor("POST", "/api/feedback")[1]?.body).toEqual({ message_id: id, rating: "up" });
    expect(await talk.conversation.rate(99, "up")).toBe(false);
  });

  test("beginning anew leaves a running answer, and starts another conversation", async () => {
    const running = new ServedAnswer([token("Ten")]);
    service.on("POST", "/api/chat", stream(running.frames(), { open: true }));
    talk.conversation.ask("One?");
    await talk.until(() => talk.answer.text !== "");
    talk.conversation.startAnew();
    expect(talk.state.turns).toEqual([]);
    simple();
    expect((await talk.asked("Two?")).status).toBe("complete");
    expect(talk.state.turns).toHaveLength(1);
    expect(service.askedFor("POST", "/api/chat")[1]?.body).toEqual({ message: "Two?", mode: "general" });
  });

  test("deleting forgets it once the service has, and not before", async () => {
    const { conversationId } = simple();
    const path = `/api/conversation/${conversationId}`;
    service.on("DELETE", path, failure(503, "storage_unavailable"), noContent);
    await talk.asked("One?");
    expect(await talk.conversation.remove()).toBe(false);
    expect(talk.state.turns).toHaveLength(1);
    expect(await talk.conversation.remove()).toBe(true);
    expect(talk.state.turns).toEqual([]);
    await new Talk(service.url, talk.platform).conversation.resume();
    expect(service.askedFor("GET", path)).toEqual([]);
  });

  test("what is deleted already, or was never begun, is gone", async () => {
    const { conversationId } = simple();
    service.on("DELETE", `/api/conversation/${conversationId}`, failure(404, "conversation_not_found"));
    expect(await talk.conversation.remove()).toBe(true);
    await talk.asked("One?");
    expect(await talk.conversation.remove()).toBe(true);
    expect(talk.state.turns).toEqual([]);
  });
});

describe("two tabs of one site", () => {
  test("each goes on with its own conversation, and neither forgets the other's", async () => {
    const local = new MemoryStorage();
    const tabs = [
      new Talk(service.url, new TestPlatform(local)),
      new Talk(service.url, new TestPlatform(local)),
    ];
    const [one, two] = tabs as [Talk, Talk];
    const first = simple();
    await one.asked("One?");
    const second = simple();
    await two.asked("Two?");
    simple();
    await one.asked("Still one?");
    expect(service.askedFor("POST", "/api/chat")[2]?.body).toMatchObject({
      conversation_id: first.conversationId,
    });
    const third = simple();
    await two.asked("Still two?");
    expect(service.askedFor("POST", "/api/chat")[3]?.body).toMatchObject({
      conversation_id: second.conversationId,
    });
    one.conversation.startAnew();
    service.on("GET", `/api/conversation/${third.conversationId}`, json(200, { messages: [] }));
    const later = new Talk(service.url, new TestPlatform(local));
    await later.conversation.resume();
    expect(service.askedFor("GET", `/api/conversation/${third.conversationId}`)).toHaveLength(1);
  });

  test("services at other addresses have their own", async () => {
    simple();
    await talk.asked("One?");
    const other = new Talk(`${service.url}/other`, talk.platform);
    await other.conversation.resume();
    expect(service.askedFor("GET", /conversation/)).toEqual([]);
  });

  test("a browser that keeps nothing changes nothing else", async () => {
    simple();
    const forbidden = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    const platform = Object.assign(new TestPlatform(), { stores: { local: forbidden, session: forbidden } });
    const other = new Talk(service.url, platform);
    await other.conversation.resume();
    expect((await other.asked("One?")).status).toBe("complete");
  });
});
