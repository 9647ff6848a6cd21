import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Client } from "../../../src/api/client";
import { ApiError } from "../../../src/api/errors";
import type { AnswerEvent, Question } from "../../../src/api/types";
import { TestPlatform } from "./support/platform";
import {
  broken,
  done,
  failure,
  html,
  json,
  ServedAnswer,
  Service,
  sources,
  stream,
  token,
} from "./support/service";

const QUESTION: Question = { message: "How fast?", mode: "general" };
const never = new AbortController().signal;
const TEXT = ["Grüße", ", ", "🚀", " and [1]."];
let service: Service;
let platform: TestPlatform;
let client: Client;
let answer: ServedAnswer;

beforeEach(async () => {
  service = await Service.start();
  platform = new TestPlatform();
  client = new Client({ api: service.url, platform });
  answer = new ServedAnswer([sources, ...TEXT.map(token), done()]);
  service.on("GET", answer.path, answer.resumed());
});
afterEach(() => service.stop());

/** What a view makes of the events: forgotten where the answer is told anew. */
async function heard(events: AsyncIterable<AnswerEvent>): Promise<{ text: string; types: string[] }> {
  let text = "";
  let types: string[] = [];
  for await (const event of events) {
    if (event.type === "metadata") [text, types] = ["", []];
    if (event.type === "token") text += event.content;
    if (event.type !== "reconnecting") types.push(event.type);
  }
  return { text, types };
}

const ask = async (): ReturnType<typeof heard> => heard(await client.ask(QUESTION, never));
const WHOLE = { text: TEXT.join(""), types: ["metadata", "sources", ...TEXT.map(() => "token"), "done"] };

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (error instanceof ApiError ? error.code : String(error)),
  );
}

describe("a connection that breaks", () => {
  test("costs nothing and tells nothing twice, after whichever byte it ends", async () => {
    const body = Buffer.from(answer.frames());
    // Before the metadata are there, there is no id to go on with. The blank line adds nothing to them.
    const metadata = Buffer.from(answer.frames(0, 1)).length - 2;
    for (let end = 0; end <= body.length; end += 1) {
      service.on("POST", "/api/chat", stream(body.subarray(0, end), { pieces: 97 }));
      if (end < metadata) expect(await code(ask())).toBe("interrupted");
      else expect(await ask()).toEqual(WHOLE);
    }
  }, 60_000);

  test("costs nothing where it is torn off, which loses what was not read yet", async () => {
    const body = Buffer.from(answer.frames());
    service.on("GET", answer.path, answer.resumed({ pieces: 7 }));
    let completed = 0;
    for (let cutAfter = 1; cutAfter < body.length; cutAfter += 13) {
      service.on("POST", "/api/chat", stream(body, { cutAfter, pieces: 50 }));
      const outcome = await ask().catch((error: unknown) => error);
      if (outcome instanceof ApiError) {
        expect(outcome.code).toBe("interrupted");
      } else {
        expect(outcome).toEqual(WHOLE);
        completed += 1;
      }
    }
    expect(completed).toBeGreaterThan(0);
  }, 60_000);

  test("is taken up again however often, as long as there is progress", async () => {
    const frames = answer.events.map((_, at) => answer.frames(at, at + 1));
    service.on("POST", "/api/chat", stream(frames[0] ?? ""));
    service.on("GET", answer.path, ...frames.slice(1).map((frame) => stream(frame)));
    expect(await ask()).toEqual(WHOLE);
    const ids = service.askedFor("GET", answer.path).map(({ headers }) => headers["last-event-id"]);
    expect(ids).toEqual(frames.slice(1).map((_, at) => `${answer.id}:${at + 1}`));
    expect(platform.slept).toEqual(frames.slice(1).map(() => 500));
  });

  test("without progress is given up after six attempts, each later than the one before", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    service.on("GET", answer.path, broken, html(503), failure(503, "starting"), broken);
    expect(await code(ask())).toBe("interrupted");
    expect(service.askedFor("GET", answer.path)).toHaveLength(6);
    expect(platform.slept).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  });

  test("is interrupted where the service tells no message id", async () => {
    service.on("POST", "/api/chat", stream('data: {"type":"metadata","conversation_id":"c"}\n\n'));
    expect(await code(ask())).toBe("interrupted");
    service.on("POST", "/api/chat", stream(""));
    expect(await code(ask())).toBe("interrupted");
  });

  test("waits for the network where the browser knows that there is none", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    const events = await client.ask(QUESTION, never);
    platform.isConnected = false;
    const hearing = heard(events);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(platform.slept).toEqual([]);
    platform.connect(true);
    expect(await hearing).toEqual(WHOLE);
    expect(service.askedFor("GET", answer.path)).toHaveLength(1);
  });

  test("counts as broken where it is silent for 45 s", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 4), { open: true }));
    const hearing = ask();
    await vi.waitUntil(() => platform.runOut(45_000) > 0);
    await vi.waitUntil(async () => {
      platform.runOut(45_000);
      return (await Promise.race([hearing, Promise.resolve(undefined)])) !== undefined;
    });
    expect(await hearing).toEqual(WHOLE);
  });

  test("ends at once where the reader leaves", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3), { open: true }));
    const controller = new AbortController();
    const hearing = client.ask(QUESTION, controller.signal).then(heard);
    await vi.waitUntil(() => service.asked.length === 1);
    controller.abort(new Error("left"));
    await expect(hearing).rejects.toThrow("left");
  });
});

describe("taking up again", () => {
  test("a stored answer is told anew as a whole", async () => {
    const replay = [{ ...answer.events[0], replay: true }, token(TEXT.join("")), done()];
    const frames = replay.map(
      (event, at) => `id: ${answer.id}:${at + 1}\ndata: ${JSON.stringify(event)}\n\n`,
    );
    service.on("POST", "/api/chat", stream(answer.frames(0, 5)));
    service.on("GET", answer.path, stream(frames.join("")));
    expect(await ask()).toEqual({ text: WHOLE.text, types: ["metadata", "token", "done"] });
  });

  test("a service that tells everything again, or more than it was asked for, tells nothing twice", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 4)));
    service.on("GET", answer.path, stream(answer.frames()));
    expect(await ask()).toEqual(WHOLE);
    service.on("POST", "/api/chat", stream(answer.frames(0, 4)));
    service.on("GET", answer.path, stream(answer.frames(2)));
    expect(await ask()).toEqual(WHOLE);
  });

  test("an event that is missing is asked for", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3) + answer.frames(4)));
    expect(await ask()).toEqual(WHOLE);
    const asked = service.askedFor("GET", answer.path);
    expect(asked.map(({ headers }) => headers["last-event-id"])).toEqual([`${answer.id}:3`]);
  });

  test("a service that has lost the middle is given up", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    service.on("GET", answer.path, stream(answer.frames(4)));
    expect(await code(ask())).toBe("interrupted");
  });

  test("a service that only ever tells the beginning is given up", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    service.on("GET", answer.path, stream(answer.frames(0, 3)));
    expect(await code(ask())).toBe("interrupted");
    expect(service.askedFor("GET", answer.path)).toHaveLength(6);
  });

  test("a position that the service does not know is given up for the start", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    service.on("GET", answer.path, failure(400, "invalid_event_id"), answer.resumed());
    expect(await ask()).toEqual(WHOLE);
    const asked = service.askedFor("GET", answer.path);
    expect(asked.map(({ headers }) => headers["last-event-id"])).toEqual([`${answer.id}:3`, undefined]);
  });

  test("an answer that the service has lost is told so", async () => {
    service.on("POST", "/api/chat", stream(answer.frames(0, 3)));
    service.on("GET", answer.path, failure(404, "message_not_found"));
    expect(await code(ask())).toBe("message_not_found");
  });

  test("an answer from before is told from its start, and survives cuts", async () => {
    const first = Buffer.from(answer.frames(0, 3)).length + 9;
    service.on("GET", answer.path, answer.resumed({ cutAfter: first, pieces: 5 }), answer.resumed());
    expect(await heard(client.resume(answer.id, never))).toEqual(WHOLE);
    expect(service.asked[0]?.headers["last-event-id"]).toBeUndefined();
  });

  test("a refusal that does not pass ends it at once", async () => {
    service.on("GET", answer.path, json(422, { detail: [] }));
    expect(await code(heard(client.resume(answer.id, never)))).toBe("validation_error");
    expect(service.asked).toHaveLength(1);
  });
});
