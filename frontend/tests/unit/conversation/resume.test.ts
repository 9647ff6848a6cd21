import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { TestPlatform } from "../api/support/platform";
import {
  done,
  failure,
  HEALTH,
  html,
  json,
  ServedAnswer,
  Service,
  SOURCE,
  sources,
  stream,
  token,
} from "../api/support/service";
import { Talk } from "./support/talk";

let service: Service;
let platform: TestPlatform;
let answer: ServedAnswer;
let path: string;

beforeEach(async () => {
  service = await Service.start();
  service.on("GET", "/api/health", json(200, HEALTH));
  platform = new TestPlatform();
  answer = new ServedAnswer([sources, token("Ten "), token("Hz [1]."), done()]);
  path = `/api/conversation/${answer.conversationId}`;
  service.on("POST", "/api/chat", stream(answer.frames()));
  service.on("GET", answer.path, answer.resumed());
  const before = new Talk(service.url, platform);
  await before.asked("How fast?");
  before.conversation.close();
});
afterEach(() => service.stop());

const message = (role: string, content: string, more: object = {}): object => ({
  id: `${role}-${content}`,
  role,
  content,
  sources: null,
  created_at: "2026-01-01T00:00:00Z",
  ...more,
});

function stored(...messages: object[]): void {
  service.on("GET", path, json(200, { conversation_id: answer.conversationId, messages }));
}

describe("resuming", () => {
  test("brings the last conversation back, and goes on with it", async () => {
    stored(
      message("user", "How fast?"),
      message("assistant", "Ten [1].", { sources: [SOURCE], status: "complete", rating: "up" }),
      message("user", "And?"),
      message("assistant", "Begun", { status: "stopped" }),
    );
    const talk = new Talk(service.url, platform);
    const resuming = talk.conversation.resume();
    expect(talk.state.resuming).toBe(true);
    await resuming;
    expect(talk.state.resuming).toBe(false);
    expect(talk.state.turns).toMatchObject([
      { question: "How fast?", answer: { status: "complete", text: "Ten [1].", cited: [1], rating: "up" } },
      { question: "And?", answer: { status: "stopped", text: "Begun" } },
    ]);
    await talk.conversation.resume();
    expect(service.askedFor("GET", path)).toHaveLength(1);
    await talk.asked("More?");
    expect(service.askedFor("POST", "/api/chat")[1]?.body).toMatchObject({
      conversation_id: answer.conversationId,
    });
    expect(new Set(talk.state.turns.map(({ key }) => key)).size).toBe(3);
  });

  test("an answer that still runs is heard to its end, from its start", async () => {
    stored(message("user", "How fast?"), message("assistant", "Ten ", { id: answer.id, status: "running" }));
    const talk = new Talk(service.url, platform);
    await talk.conversation.resume();
    expect(await talk.settled()).toMatchObject({
      status: "complete",
      text: "Ten Hz [1].",
      sources: [SOURCE],
    });
    expect(talk.state.turns).toHaveLength(1);
  });

  test("an answer that still runs can be stopped", async () => {
    stored(message("user", "How fast?"), message("assistant", "Ten ", { id: answer.id, status: "running" }));
    service.on("GET", answer.path, stream(answer.frames(0, 3), { open: true }));
    const talk = new Talk(service.url, platform);
    await talk.conversation.resume();
    talk.conversation.stop();
    expect((await talk.settled()).status).toBe("stopped");
  });

  test("why the last answer failed is asked for", async () => {
    const error = { type: "error", code: "quota_exceeded", message: "m" };
    const broken = new ServedAnswer([error], answer.conversationId);
    stored(message("user", "How fast?"), message("assistant", "", { id: broken.id, status: "failed" }));
    service.on("GET", broken.path, broken.resumed());
    const talk = new Talk(service.url, platform);
    await talk.conversation.resume();
    await talk.until(() => talk.answer.failure?.code === "quota_exceeded");
    expect((await talk.settled()).status).toBe("failed");
  });

  test("a question whose answer was lost can be asked again", async () => {
    stored(message("user", "How fast?"));
    const talk = new Talk(service.url, platform);
    await talk.conversation.resume();
    expect(talk.answer).toMatchObject({ status: "failed", failure: { code: "interrupted" } });
    talk.conversation.retry(talk.turn().key);
    expect((await talk.settled()).status).toBe("complete");
  });

  test.each([404, 422])("a conversation that is gone (%i) is forgotten", async (status) => {
    service.on("GET", path, json(status, { detail: "No" }));
    const talk = new Talk(service.url, platform);
    await talk.conversation.resume();
    expect(talk.state).toMatchObject({ turns: [], resuming: false });
    expect(talk.state.resumeFailure).toBeUndefined();
    await talk.asked("One?");
    expect(service.askedFor("POST", "/api/chat")[1]?.body).toEqual({ message: "One?", mode: "general" });
  });

  test("a conversation that cannot be read now is told so, kept, and fetched again when asked to", async () => {
    service.on("GET", path, failure(503, "storage_unavailable", 10));
    const talk = new Talk(service.url, platform);
    await talk.conversation.resume();
    expect(talk.state.resumeFailure).toEqual({
      code: "storage_unavailable",
      retryAt: platform.time + 10_000,
    });
    stored(message("user", "How fast?"), message("assistant", "Ten.", { status: "complete" }));
    await talk.conversation.resume();
    expect(talk.state.turns).toHaveLength(1);
    expect(talk.state.resumeFailure).toBeUndefined();
  });

  test("waits for a service that sleeps", async () => {
    service.on("GET", "/api/health", html(503), html(503), json(200, HEALTH));
    const messages = [message("user", "How fast?"), message("assistant", "Ten.")];
    service.on("GET", path, html(503), json(200, { messages }));
    const talk = new Talk(service.url, platform);
    await talk.conversation.resume();
    expect(talk.state.turns).toMatchObject([{ question: "How fast?", answer: { status: "complete" } }]);
    expect(talk.states.some((state) => state.service.kind === "waking" && state.resuming)).toBe(true);
  });

  test("a question asked meanwhile waits for it, and continues it", async () => {
    stored(message("user", "How fast?"), message("assistant", "Ten."));
    const talk = new Talk(service.url, platform);
    const resuming = talk.conversation.resume();
    talk.conversation.ask("More?");
    await resuming;
    expect((await talk.settled()).status).toBe("complete");
    expect(talk.state.turns.map(({ question }) => question)).toEqual(["How fast?", "More?"]);
    expect(service.askedFor("POST", "/api/chat")[1]?.body).toMatchObject({
      conversation_id: answer.conversationId,
    });
  });

  test("a running answer gives way to a question asked meanwhile, and is told later, by retry", async () => {
    stored(message("user", "How fast?"), message("assistant", "Ten ", { id: answer.id, status: "running" }));
    const talk = new Talk(service.url, platform);
    const resuming = talk.conversation.resume();
    talk.conversation.ask("More?");
    await resuming;
    await talk.settled();
    expect(talk.turn(0).answer).toMatchObject({ status: "incomplete", failure: { code: "interrupted" } });
    talk.conversation.retry(talk.turn(0).key);
    await talk.until(() => talk.turn(0).answer.status === "complete");
  });

  test("beginning anew meanwhile leaves it out", async () => {
    stored(message("user", "How fast?"), message("assistant", "Ten."));
    const talk = new Talk(service.url, platform);
    const resuming = talk.conversation.resume();
    talk.conversation.startAnew();
    await resuming;
    expect(talk.state).toMatchObject({ turns: [], resuming: false });
    await talk.conversation.resume();
    expect(talk.state.turns).toEqual([]);
  });
});
