/** The events of an answer, whatever happens to the connection meanwhile. */

import { ApiError, request, wait } from "./api.js";

const RETRY_DELAYS_MS = [500, 1000, 2000, 4000, 8000];
// The server sends a comment every 15 s: a connection silent for longer than two of them is dead.
const SILENCE_MS = 40_000;
const LAST = new Set(["done", "error"]);

/** Ask, and get the events of the answer up to `done` or `error`. Throws ApiError. */
export function ask(question, signal) {
  return follow(() => request("api/chat", { method: "POST", json: question, signal }), null, signal);
}

/** The events of an answer that was begun earlier, from its start. Throws ApiError. */
export function resume(messageId, signal) {
  return follow(() => connect(messageId, null, signal), messageId, signal);
}

function connect(messageId, lastEventId, signal) {
  const headers = lastEventId ? { "Last-Event-ID": lastEventId } : {};
  return request(`api/chat/${messageId}/stream`, { headers, signal });
}

async function* follow(open, messageId, signal) {
  let lastEventId = null;
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await open();
      for await (const { id, event } of serverSentEvents(response.body)) {
        messageId = event.message_id ?? messageId;
        lastEventId = id || lastEventId;
        failures = 0;
        yield event;
        if (LAST.has(event.type)) return;
      }
    } catch (error) {
      const final = error instanceof ApiError && !error.passing;
      if (signal.aborted || messageId === null || final) throw error;
    }
    if (messageId === null || failures === RETRY_DELAYS_MS.length) {
      throw new ApiError({ code: "connection_lost", message: "The connection was lost.", passing: true });
    }
    await wait(RETRY_DELAYS_MS[failures], signal);
    open = () => connect(messageId, lastEventId, signal);
  }
}

/** Parses a body of server-sent events whose data is JSON. */
async function* serverSentEvents(body) {
  let id = "";
  let data = [];
  for await (const line of lines(body)) {
    if (line === "") {
      if (data.length) yield { id, event: JSON.parse(data.join("\n")) };
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "data") data.push(value);
    else if (field === "id") id = value;
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await beforeSilence(reader.read());
      if (done) return;
      const whole = (rest + value).split("\n");
      rest = whole.pop();
      for (const line of whole) yield line.replace(/\r$/, "");
    }
  } finally {
    drain(reader);
  }
}

/** The last event has come: the connection ends by itself, and can be used again where it is not broken off. */
async function drain(reader) {
  try {
    while (!(await beforeSilence(reader.read())).done);
  } catch {
    reader.cancel().catch(() => {});
  }
}

function beforeSilence(reading) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the stream fell silent")), SILENCE_MS);
  });
  return Promise.race([reading, silence]).finally(() => clearTimeout(timer));
}
