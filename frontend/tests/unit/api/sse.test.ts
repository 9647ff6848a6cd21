import { describe, expect, test } from "vitest";

import { ApiError } from "../../../src/api/errors";
import { EventParser, type Message } from "../../../src/api/sse";

function parse(...pieces: Uint8Array[]): Message[] {
  const parser = new EventParser();
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const RECORDED =
  ': keep-alive\n\nid: a:1\r\ndata: {"type":"metadata"}\r\n\r\n' +
  'retry: 10\nevent: x\nid:a:2\ndata:{"type":"token","content":"grüße 🚀\\n"}\n\n: keep-alive\n\n' +
  'data: {"type":"later"}\n\nid: a:3\ndata: {"type":"done",\ndata: "sources":[]}\n\n';
const EXPECTED: Message[] = [
  { id: "a:1", data: { type: "metadata" } },
  { id: "a:2", data: { type: "token", content: "grüße 🚀\n" } },
  { id: "a:2", data: { type: "later" } },
  { id: "a:3", data: { type: "done", sources: [] } },
];

describe("EventParser", () => {
  test("reads the same events wherever the body is cut in two", () => {
    const whole = bytes(RECORDED);
    for (let at = 0; at <= whole.length; at += 1) {
      expect(parse(whole.subarray(0, at), whole.subarray(at))).toEqual(EXPECTED);
    }
  });

  test("reads the same events from single bytes, and from pieces of any size", () => {
    const whole = bytes(RECORDED);
    for (let size = 1; size < 20; size += 1) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
      expect(parse(...pieces)).toEqual(EXPECTED);
    }
  });

  test("a body that ends early gives its whole events, never a part of one", () => {
    const whole = bytes(RECORDED);
    for (let at = 0; at <= whole.length; at += 1) {
      const events = parse(whole.subarray(0, at));
      expect(EXPECTED.slice(0, events.length)).toEqual(events);
    }
  });

  test("an id that is cut off is not taken for another", () => {
    expect(parse(bytes('id: a:1\ndata: {"n":1}\n\nid: a:12'))).toEqual([{ id: "a:1", data: { n: 1 } }]);
    expect(parse(bytes('id: a:1\n\ndata: {"n":2}\nid: a:1'))).toEqual([{ id: "a:1", data: { n: 2 } }]);
  });

  test("needs no blank line after the last event, nor between events of one line", () => {
    expect(parse(bytes('data: {"n":1}'))).toEqual([{ id: "", data: { n: 1 } }]);
    expect(parse(bytes('data: {"n":1}\ndata: {"n":2}\n'))).toEqual([
      { id: "", data: { n: 1 } },
      { id: "", data: { n: 2 } },
    ]);
  });

  test("data that is no JSON is a failure of the protocol", () => {
    expect(() => parse(bytes("data: [DONE\n\n"))).toThrow(new ApiError("protocol"));
  });

  test("comments, empty lines and fields without data give nothing", () => {
    expect(parse(bytes(": x\n\n\n\nid: 1\n\nevent\ndata\n".replace("data\n", "")))).toEqual([]);
  });
});
