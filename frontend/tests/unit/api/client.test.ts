import type { ServerResponse } from "node:http";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Client } from "../../../src/api/client";
import { ApiError } from "../../../src/api/errors";
import { SERVICE_CODES, type AnswerEvent, type Question } from "../../../src/api/types";
import { asBrowser } from "./support/cors";
import { TestPlatform } from "./support/platform";
import {
  broken,
  done,
  failure,
  HEALTH,
  html,
  json,
  noContent,
  ServedAnswer,
  Service,
  SOURCE,
  sources,
  stream,
  token,
} from "./support/service";

const QUESTION: Question = { message: "How fast?", mode: "general" };
const never = new AbortController().signal;
let service: Service;
let platform: TestPlatform;
let client: Client;

beforeEach(async () => {
  service = await Service.start();
  platform = new TestPlatform();
  client = new Client({ api: service.url, platform });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await service.stop();
});

async function collect(events: AsyncIterable<AnswerEvent>): Promise<AnswerEvent[]> {
  const collected: AnswerEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const ask = async (question = QUESTION): Promise<AnswerEvent[]> => collect(await client.ask(question, never));

async function failed(work: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe("asking", () => {
  test("sends the question as it is, and tells what is known of each event", async () => {
    const answer = new ServedAnswer([
      sources,
      { type: "later", x: 1 },
      token("Ten"),
      token(" Hz [1]."),
      done(),
    ]);
    service.on("POST", "/api/chat", stream(answer.frames()));
    expect(await ask({ message: "How?", mode: "selection", context: "…", conversation_id: "c" })).toEqual([
      { type: "metadata", conversationId: answer.conversationId, messageId: answer.id },
      { type: "sources", sources: [SOURCE] },
      { type: "token", content: "Ten" },
      { type: "token", content: " Hz [1]." },
      { type: "done", sources: [SOURCE], suggestions: [], finishReason: "stop", cited: [1] },
    ]);
    expect(service.asked[0]?.body).toEqual({
      message: "How?",
      mode: "selection",
      context: "…",
      conversation_id: "c",
    });
    expect(service.asked[0]?.headers["content-type"]).toBe("application/json");
  });

  test("a service that sends only the frozen part is enough", async () => {
    const frozen = [
      { type: "metadata", conversation_id: "c" },
      { type: "token", content: "Four." },
      {
        type: "done",
        sources: [
          { file: "docs/a.md", heading: "A > B", similarity: 0.8 },
          { file: "docs/b.mdx", heading: "", similarity: 0.7 },
        ],
      },
    ];
    const body = frozen.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    service.on("POST", "/api/chat", stream(body));
    expect(await ask()).toEqual([
      { type: "metadata", conversationId: "c" },
      { type: "token", content: "Four." },
      {
        type: "done",
        suggestions: [],
        sources: [
          { index: 1, file: "docs/a.md", heading: "A > B", similarity: 0.8, url: "/docs/a" },
          { index: 2, file: "docs/b.mdx", heading: "docs/b.mdx", similarity: 0.7, url: "/docs/b.mdx" },
        ],
      },
    ]);
  });

  test("links from the site's root lead below docsBase, others stay", async () => {
    client = new Client({ api: service.url, docsBase: "https://book.example/", platform });
    const others = { ...SOURCE, url: "https://other.example/x" };
    const hostile = { ...SOURCE, url: "//evil.example" };
    service.on(
      "POST",
      "/api/chat",
      stream(new ServedAnswer([done({ sources: [SOURCE, others, hostile] })]).frames()),
    );
    const last = (await ask()).at(-1);
    expect(last?.type === "done" && last.sources.map((source) => source.url)).toEqual([
      "https://book.example/docs/module-01/chapter-03#lidar",
      "https://other.example/x",
      "//evil.example",
    ]);
  });

  test("a slash at the address's end makes no difference, and an empty address is the page's own", async () => {
    service.on("POST", "/api/chat", stream(new ServedAnswer([done()]).frames()));
    client = new Client({ api: ` ${service.url}// `, platform });
    expect((await ask()).at(-1)?.type).toBe("done");
    const { fetch } = globalThis;
    vi.stubGlobal("fetch", (path: string, init: RequestInit) => fetch(service.url + path, init));
    client = new Client({ api: "", platform });
    expect((await ask()).at(-1)?.type).toBe("done");
  });

  test("an error event ends the stream, with when to try again", async () => {
    const error = { type: "error", code: "quota_exceeded", message: "m", retry_after: 30 };
    service.on("POST", "/api/chat", stream(new ServedAnswer([token("A"), error]).frames()));
    expect((await ask()).at(-1)).toEqual({ type: "error", code: "quota_exceeded", retryAfter: 30 });
  });

  test("a malformed event or body is a failure of the protocol", async () => {
    service.on("POST", "/api/chat", stream(new ServedAnswer([{ type: "token", content: 7 }]).frames()));
    expect((await failed(ask())).code).toBe("protocol");
    service.on("POST", "/api/chat", stream("data: nonsense\n\n"));
    expect((await failed(ask())).code).toBe("protocol");
    service.on("POST", "/api/chat", json(200, { answer: "Four." }));
    expect((await failed(ask())).code).toBe("protocol");
  });
});

describe("failures", () => {
  test.each(SERVICE_CODES)("%s is told as it is", async (code) => {
    service.on("POST", "/api/chat", failure(503, code, 7));
    const error = await failed(ask());
    expect([error.code, error.retryAfter]).toEqual([code, 7]);
    expect(error.absence).toBe(code === "starting" ? "starting" : undefined);
  });

  test.each([
    [400, "invalid_json"],
    [403, "origin_not_allowed"],
    [404, "not_found"],
    [405, "method_not_allowed"],
    [409, "protocol"],
    [413, "body_too_large"],
    [415, "unsupported_media_type"],
    [422, "validation_error"],
    [429, "rate_limited"],
    [500, "internal_error"],
    [503, "generation_unavailable"],
    [504, "generation_timeout"],
  ])("status %i with a code that is new, or with FastAPI's own body, is %s", async (status, code) => {
    service.on("POST", "/api/chat", failure(status, "brand_new"), json(status, { detail: "No" }));
    expect((await failed(ask())).code).toBe(code);
    expect((await failed(ask())).code).toBe(code);
  });

  test.each([200, 502, 503, 504])(
    "a page of HTML with status %i may be the platform's, waking it",
    async (status) => {
      service.on("POST", "/api/chat", html(status));
      service.on("GET", "/api/health", html(status));
      for (const error of [await failed(ask()), await failed(client.health())]) {
        expect([error.code, error.absence]).toEqual(["unreachable", "edge"]);
      }
    },
  );

  test("an empty 503, or JSON of someone else, is the platform's too", async () => {
    service.on("POST", "/api/chat", (response) => void response.writeHead(503).end());
    expect((await failed(ask())).absence).toBe("edge");
    service.on("POST", "/api/chat", json(503, { error: "Space is sleeping" }));
    expect((await failed(ask())).absence).toBe("edge");
  });

  test.each([
    [404, "unreachable"],
    [403, "unreachable"],
    [500, "unreachable"],
    [413, "body_too_large"],
    [429, "rate_limited"],
  ])("a proxy's page with status %i is %s, and no sign of waking", async (status, code) => {
    service.on("POST", "/api/chat", html(status));
    const error = await failed(ask());
    expect([error.code, error.absence]).toEqual([code, undefined]);
  });

  test("Retry-After is read from the header, as seconds or as a date", async () => {
    service.on(
      "POST",
      "/api/chat",
      json(429, { detail: "No" }, { "Retry-After": "12" }),
      json(429, { detail: "No" }, { "Retry-After": new Date(Date.now() + 90_000).toUTCString() }),
      json(429, { detail: "No" }, { "Retry-After": "soon" }),
    );
    expect((await failed(ask())).retryAfter).toBe(12);
    const { retryAfter } = await failed(ask());
    expect(retryAfter).toBeGreaterThan(60);
    expect(retryAfter).toBeLessThanOrEqual(90);
    expect((await failed(ask())).retryAfter).toBeUndefined();
  });

  test("nobody there is unreachable, or offline where the browser knows it", async () => {
    await service.stop();
    const error = await failed(ask());
    expect([error.code, error.absence]).toEqual(["unreachable", undefined]);
    platform.isConnected = false;
    expect((await failed(ask())).code).toBe("offline");
    service = await Service.start();
  });

  test("a head that does not come in time is given up", async () => {
    service.on("POST", "/api/chat", () => undefined);
    const asking = failed(ask());
    await vi.waitUntil(() => service.asked.length === 1);
    platform.runOut(60_000);
    expect((await asking).code).toBe("unreachable");
  });

  test("the caller's abort is thrown as it is", async () => {
    service.on("POST", "/api/chat", () => undefined);
    const controller = new AbortController();
    const asking = client.ask(QUESTION, controller.signal);
    await vi.waitUntil(() => service.asked.length === 1);
    controller.abort(new Error("left"));
    await expect(asking).rejects.toThrow("left");
  });
});

describe("failures that a browser hides for want of CORS headers", () => {
  const ORIGIN = "https://site.example";

  test("something that answers unreadably may be a platform whose service sleeps", async () => {
    asBrowser(ORIGIN);
    service.on("POST", "/api/chat", html(503)).on("GET", "/api/health", html(503));
    const error = await failed(ask());
    expect([error.code, error.absence]).toEqual(["unreachable", "unreadable"]);
  });

  test("a service that shows its widget is up, and does not allow this page", async () => {
    asBrowser(ORIGIN);
    service.on("POST", "/api/chat", failure(403, "origin_not_allowed"));
    service.on("GET", "/api/health", json(200, HEALTH));
    service.on("HEAD", "/widget.js", (response) => {
      response.writeHead(200, { "Access-Control-Allow-Origin": "*" }).end();
    });
    expect((await failed(ask())).code).toBe("origin_not_allowed");
  });

  test.each([1, 2, 3, 4])(
    "a service that wakes up after %i requests is not one that forbids this page",
    async (asleep) => {
      asBrowser(ORIGIN);
      let asked = 0;
      const unlessAsleep = (response: ServerResponse): void => {
        const headers = (asked += 1) > asleep && { "Access-Control-Allow-Origin": "*" };
        response.writeHead(headers ? 200 : 503, headers || {}).end();
      };
      for (const [method, path] of [
        ["POST", "/api/chat"],
        ["GET", "/api/health"],
        ["HEAD", "/widget.js"],
      ] as const)
        service.on(method, path, unlessAsleep);
      expect((await failed(ask())).code).toBe("unreachable");
    },
  );

  test("a connection that broke, to a service that this page may read, is just that", async () => {
    asBrowser(ORIGIN);
    service.on("POST", "/api/chat", broken);
    service.on("GET", "/api/health", json(200, HEALTH, { "Access-Control-Allow-Origin": ORIGIN }));
    const error = await failed(ask());
    expect([error.code, error.absence]).toEqual(["unreachable", undefined]);
  });
});

describe("the rest of the API", () => {
  const ID = "0b9f7f3c-1f7e-4c7e-9a53-1d0f8a3f0f00";

  test("health is told with any status", async () => {
    for (const [status, overall] of [
      [200, "healthy"],
      [503, "degraded"],
      [503, "unhealthy"],
      [503, "starting"],
    ] as const) {
      service.on("GET", "/api/health", json(status, { ...HEALTH, status: overall }));
      expect((await client.health()).status).toBe(overall);
    }
  });

  test("what is no health report fails", async () => {
    service.on("GET", "/api/health", json(200, { status: "fine" }));
    expect((await failed(client.health())).code).toBe("protocol");
    service.on("GET", "/api/health", json(404, { detail: "Not Found" }));
    expect((await failed(client.health())).code).toBe("not_found");
  });

  test("a conversation is read, with or without what was added", async () => {
    const messages = [
      { id: "1", role: "user", content: "Q", sources: null, created_at: "2026-01-01T00:00:00Z" },
      { id: "2", role: "assistant", content: "A", sources: [SOURCE], status: "stopped", rating: "up" },
      { id: "3", role: "assistant", content: "B", sources: null, created_at: "2026-01-01T00:00:00Z" },
    ];
    service.on("GET", `/api/conversation/${ID}`, json(200, { conversation_id: ID, messages }));
    expect(await client.conversation(ID)).toEqual([
      { id: "1", role: "user", content: "Q", sources: [] },
      { id: "2", role: "assistant", content: "A", sources: [SOURCE], status: "stopped", rating: "up" },
      { id: "3", role: "assistant", content: "B", sources: [] },
    ]);
    service.on("GET", `/api/conversation/${ID}`, failure(404, "conversation_not_found"));
    expect((await failed(client.conversation(ID))).code).toBe("conversation_not_found");
    service.on("GET", `/api/conversation/${ID}`, json(200, { messages: 7 }));
    expect((await failed(client.conversation(ID))).code).toBe("protocol");
  });

  test("stop, rate and remove ask what docs/api.md says, and fail as the service does", async () => {
    service.on("POST", `/api/chat/${ID}/stop`, noContent, failure(404, "message_not_found"));
    service.on("POST", "/api/feedback", noContent, failure(404, "message_not_found"));
    service.on("DELETE", `/api/conversation/${ID}`, noContent, failure(503, "storage_unavailable"));
    await client.stop(ID);
    await client.rate(ID, "down");
    await client.remove(ID);
    expect(service.askedFor("POST", "/api/feedback")[0]?.body).toEqual({ message_id: ID, rating: "down" });
    expect((await failed(client.stop(ID))).code).toBe("message_not_found");
    expect((await failed(client.rate(ID, "up"))).code).toBe("message_not_found");
    expect((await failed(client.remove(ID))).code).toBe("storage_unavailable");
  });
});
