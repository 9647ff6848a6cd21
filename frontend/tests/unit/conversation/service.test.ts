import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { asBrowser } from "../api/support/cors";
import {
  broken,
  done,
  failure,
  HEALTH,
  html,
  json,
  ServedAnswer,
  Service,
  sources,
  stream,
  token,
} from "../api/support/service";
import { Talk } from "./support/talk";

let service: Service;
let talk: Talk;
const answer = new ServedAnswer([sources, token("Ten."), done()]);
const starting = json(503, { ...HEALTH, status: "starting" });
const healthy = json(200, HEALTH);
const answered = stream(answer.frames());

beforeEach(async () => {
  service = await Service.start();
  talk = new Talk(service.url);
});
afterEach(async () => {
  talk.conversation.close();
  await service.stop();
});

const kinds = (): string[] =>
  talk.states.map(({ service: { kind } }) => kind).filter((kind, at, all) => kind !== all[at - 1]);

describe("a service that sleeps or starts", () => {
  test.each([
    ["says that it is starting", failure(503, "starting"), starting],
    ["is a page of its platform", html(503), html(503)],
    ["is an empty answer of its platform", html(503), json(503, {})],
    ["is a bad gateway", html(502), html(502)],
  ])("%s: health is asked, and then the question is sent", async (_, chat, health) => {
    service.on("POST", "/api/chat", chat, answered);
    service.on("GET", "/api/health", health, health, health, health, health, health, healthy);
    talk.conversation.ask("One?");
    await talk.until(() => talk.state.service.kind === "waking");
    expect(talk.state.service).toEqual({ kind: "waking", since: 1_000_000 });
    expect((await talk.settled()).text).toBe("Ten.");
    expect(talk.statuses()).toEqual(["waiting", "waking", "waiting", "complete"]);
    expect(talk.platform.slept).toEqual([1000, 2000, 3000, 4000, 5000, 5000, 5000]);
    expect(service.askedFor("POST", "/api/chat")).toHaveLength(2);
    expect(talk.state.service).toEqual({ kind: "ready", health: HEALTH });
  });

  test("that is known to wake is not asked before it is up", async () => {
    let up = false;
    service.on("GET", "/api/health", (response, asked) => (up ? healthy : starting)(response, asked));
    service.on("POST", "/api/chat", answered);
    await talk.conversation.resume();
    await talk.until(() => talk.state.service.kind === "waking");
    talk.conversation.ask("One?");
    await talk.until(() => talk.answer.status === "waking");
    expect(service.askedFor("POST", "/api/chat")).toEqual([]);
    up = true;
    expect((await talk.settled()).status).toBe("complete");
  });

  test("is waited for when only the browser's veil is seen, and then is called what it is", async () => {
    asBrowser("https://site.example");
    service.on("POST", "/api/chat", html(503)).on("GET", "/api/health", html(503));
    talk.conversation.ask("One?");
    await talk.until(() => talk.answer.status === "waking");
    expect((await talk.settled()).failure).toEqual({ code: "origin_not_allowed" });
    expect(talk.platform.time - 1_000_000).toBeGreaterThan(300_000);
  });

  test("that never comes is given up", async () => {
    service.on("POST", "/api/chat", html(503)).on("GET", "/api/health", html(503));
    expect((await talk.asked("One?")).failure).toEqual({ code: "unreachable" });
  });

  test("that comes but keeps refusing is not asked for ever", async () => {
    service.on("POST", "/api/chat", failure(503, "starting")).on("GET", "/api/health", healthy);
    expect((await talk.asked("One?")).failure).toEqual({ code: "starting" });
    expect(service.askedFor("POST", "/api/chat")).toHaveLength(3);
  });

  test("is not waited for by a reader who stops", async () => {
    service.on("POST", "/api/chat", html(503)).on("GET", "/api/health", html(503));
    talk.conversation.ask("One?");
    await talk.until(() => talk.answer.status === "waking");
    talk.conversation.stop();
    expect((await talk.settled()).status).toBe("stopped");
  });
});

describe("a service that cannot be reached", () => {
  test("is asked a few times, and then told so", async () => {
    await service.stop();
    expect((await talk.asked("One?")).failure).toEqual({ code: "unreachable" });
    expect(talk.statuses()).toEqual(["waiting", "reconnecting", "failed"]);
    expect(talk.platform.slept).toEqual([1000, 2000, 3000, 4000]);
    expect(kinds()).not.toContain("waking");
    service = await Service.start();
  });

  test("gets the question again where it was only a moment", async () => {
    service.on("POST", "/api/chat", broken, answered).on("GET", "/api/health", healthy);
    expect((await talk.asked("One?")).status).toBe("complete");
    expect(talk.statuses()).toEqual(["waiting", "reconnecting", "waiting", "complete"]);
  });

  test("is not asked twice where the question had arrived", async () => {
    const first = new ServedAnswer([token("One."), done()]);
    const second = new ServedAnswer([token("Two."), done()], first.conversationId);
    const messages = [
      { id: "q1", role: "user", content: "One?" },
      { id: first.id, role: "assistant", content: "One.", status: "complete" },
      { id: "q2", role: "user", content: "Two?" },
      { id: second.id, role: "assistant", content: "", status: "running" },
    ];
    service.on("GET", "/api/health", healthy);
    service.on("POST", "/api/chat", stream(first.frames()), broken);
    service.on("GET", `/api/conversation/${first.conversationId}`, json(200, { messages }));
    service.on("GET", second.path, second.resumed());
    await talk.asked("One?");
    expect(await talk.asked("Two?")).toMatchObject({ id: second.id, status: "complete", text: "Two." });
    expect(service.askedFor("POST", "/api/chat")).toHaveLength(2);
  });

  test("is asked again where the question had not arrived", async () => {
    const first = new ServedAnswer([token("One."), done()]);
    const messages = [
      { id: "q1", role: "user", content: "One?" },
      { id: first.id, role: "assistant", content: "One.", status: "complete" },
    ];
    service.on("GET", "/api/health", healthy);
    service.on("POST", "/api/chat", stream(first.frames()), broken, answered);
    service.on("GET", `/api/conversation/${first.conversationId}`, json(200, { messages }));
    await talk.asked("One?");
    expect(await talk.asked("One?")).toMatchObject({ id: answer.id, status: "complete" });
    expect(service.askedFor("POST", "/api/chat")).toHaveLength(3);
  });
});

describe("a browser without a network", () => {
  test("tells it, and the question goes out by itself when the network is back", async () => {
    service.on("POST", "/api/chat", answered).on("GET", "/api/health", healthy);
    const { fetch } = globalThis;
    globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    try {
      talk.platform.connect(false);
      expect(talk.state.service).toEqual({ kind: "offline" });
      expect(await talk.asked("One?")).toMatchObject({ status: "failed", failure: { code: "offline" } });
    } finally {
      globalThis.fetch = fetch;
    }
    talk.platform.connect(true);
    expect((await talk.settled()).status).toBe("complete");
    await talk.until(() => talk.state.service.kind === "ready");
    expect(talk.state.turns).toHaveLength(1);
  });
});

describe("health", () => {
  test("is told as it is: ready, impaired, and ready again", async () => {
    const degraded = { ...HEALTH, status: "degraded" };
    service.on("GET", "/api/health", json(503, degraded), json(503, degraded), healthy);
    await talk.conversation.resume();
    await talk.until(() => talk.state.service.kind === "impaired");
    expect(talk.state.service).toEqual({ kind: "impaired", health: degraded });
    expect(talk.platform.runOut(10_000)).toBeGreaterThan(0);
    await talk.until(() => service.asked.length === 2);
    await talk.until(() => talk.platform.runOut(20_000) > 0);
    await talk.until(() => talk.state.service.kind === "ready");
    expect(kinds()).toEqual(["impaired", "ready"]);
  });

  test("is looked at when a question fails, and when one is answered after all", async () => {
    service.on("GET", "/api/health", json(503, { ...HEALTH, status: "degraded" }), healthy);
    service.on("POST", "/api/chat", failure(503, "retrieval_unavailable", 10), answered);
    await talk.asked("One?");
    await talk.until(() => talk.state.service.kind === "impaired");
    await talk.asked("Two?");
    await talk.until(() => talk.state.service.kind === "ready");
  });

  test("that cannot be read says nothing about a service that may be up", async () => {
    asBrowser("https://site.example");
    service.on("GET", "/api/health", healthy);
    await talk.conversation.resume();
    await talk.until(() => service.asked.length >= 3);
    expect(talk.state.service).toEqual({ kind: "unknown" });
  });
});

describe("nothing is asked", () => {
  test("before the reader does something, nor after the end", async () => {
    service.on("GET", "/api/health", json(503, { ...HEALTH, status: "degraded" }));
    expect(service.asked).toEqual([]);
    await talk.conversation.resume();
    await talk.until(() => talk.state.service.kind === "impaired");
    const told = talk.states.length;
    talk.conversation.close();
    expect(talk.platform.runOut(10_000)).toBeLessThanOrEqual(1);
    await talk.conversation.resume();
    expect(service.asked).toHaveLength(1);
    expect(talk.states).toHaveLength(told);
  });
});
