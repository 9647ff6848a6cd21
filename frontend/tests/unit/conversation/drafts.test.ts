import { describe, expect, test } from "vitest";

import { Drafts } from "../../../src/conversation";
import { MemoryStorage, TestPlatform } from "../api/support/platform";
import { done, failure, HEALTH, json, ServedAnswer, Service, stream } from "../api/support/service";
import { Talk } from "./support/talk";

const API = "https://owner-space.example";

describe("what was typed", () => {
  test("is there after a reload, and after the browser was closed", () => {
    const platform = new TestPlatform();
    new Drafts(API, platform).keep("How fa");
    expect(new Drafts(`${API}/`, platform).text).toBe("How fa");
    expect(new Drafts(API, new TestPlatform(platform.local)).text).toBe("How fa");
    expect(new Drafts("https://other.example", platform).text).toBe("");
  });

  test("is gone once it was sent", () => {
    const platform = new TestPlatform();
    const drafts = new Drafts(API, platform);
    drafts.keep("How fast?");
    drafts.keep("");
    expect(drafts.text).toBe("");
    expect(new Drafts(API, new TestPlatform(platform.local)).text).toBe("");
  });

  test("in one tab is not lost by what another sends", () => {
    const local = new MemoryStorage();
    const [one, two] = [new TestPlatform(local), new TestPlatform(local)];
    new Drafts(API, one).keep("one");
    new Drafts(API, two).keep("two");
    new Drafts(API, one).keep("");
    expect(new Drafts(API, one).text).toBe("two");
    expect(new Drafts(API, two).text).toBe("two");
  });

  test("comes back where the question never arrived, before what was typed after", async () => {
    const service = await Service.start();
    service.on("GET", "/api/health", json(200, HEALTH));
    service.on("POST", "/api/chat", failure(503, "generation_unavailable"));
    const talk = new Talk(service.url);
    await talk.asked("How fast?");
    const reloaded = new Drafts(service.url, talk.platform);
    expect(reloaded.text).toBe("How fast?");
    reloaded.keep("And");
    expect(reloaded.text).toBe("How fast?\n\nAnd");
    service.on("POST", "/api/chat", stream(new ServedAnswer([done()]).frames()));
    talk.conversation.retry(talk.turn().key);
    await talk.settled();
    expect(reloaded.text).toBe("And");
    talk.conversation.close();
    await service.stop();
  });
});
