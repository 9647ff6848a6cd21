/** How answers change by what is told of them. */

import { defined } from "../api/defined";
import type { AnswerEvent, ErrorCode, MessageStatus, Mode, StoredMessage } from "../api/types";
import type { Answer, AnswerStatus, Failure, Turn } from "./state";

export const NO_ANSWER: Answer = { text: "", status: "waiting", sources: [], cited: [], suggestions: [] };

export function newTurn(key: number, question: string, selection?: string): Turn {
  const mode: Mode = selection === undefined ? "general" : "selection";
  return defined<Turn>({ key, question, mode, selection, answer: NO_ANSWER });
}

/** The answer after `event`, which is told at the time `now`. */
export function told(answer: Answer, event: AnswerEvent, now: number): Answer {
  switch (event.type) {
    case "metadata":
      return defined<Answer>({ ...NO_ANSWER, id: event.messageId, rating: answer.rating });
    case "sources":
      return { ...answer, status: underWay(answer), sources: event.sources };
    case "token":
      return { ...answer, status: "streaming", text: answer.text + event.content };
    case "reconnecting":
      return { ...answer, status: "reconnecting" };
    case "done":
      return defined<Answer>({
        ...answer,
        status: event.finishReason === "stopped" ? "stopped" : "complete",
        sources: event.sources,
        cited: event.cited ?? citedIn(answer.text, event.sources.length),
        suggestions: event.suggestions,
        finishReason: event.finishReason,
      });
    case "error":
      return failed(answer, failureFrom(event, now));
  }
}

function underWay(answer: Answer): AnswerStatus {
  return answer.text ? "streaming" : "waiting";
}

/** The reader left it. */
export function abandoned(answer: Answer): Answer {
  return { ...answer, status: "stopped", cited: citedIn(answer.text, answer.sources.length) };
}

/** What was written stays. */
export function failed(answer: Answer, failure: Failure): Answer {
  return { ...answer, status: answer.text ? "incomplete" : "failed", failure };
}

export function failureFrom(
  { code, retryAfter }: { code: ErrorCode; retryAfter?: number | undefined },
  now: number,
): Failure {
  return defined<Failure>({ code, retryAt: retryAfter === undefined ? undefined : now + retryAfter * 1000 });
}

const STATUS_OF: Readonly<Record<MessageStatus, AnswerStatus>> = {
  running: "waiting",
  complete: "complete",
  incomplete: "incomplete",
  stopped: "stopped",
  failed: "failed",
};

/** Stored messages as turns, whose keys begin at `firstKey`. */
export function restored(messages: readonly StoredMessage[], firstKey: number): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (message.role === "user") {
      // Until an answer follows, there is none.
      const answer: Answer = { ...NO_ANSWER, status: "failed", failure: { code: "interrupted" } };
      turns.push({ ...newTurn(firstKey + turns.length, message.content), answer });
    } else if (last && last.answer.id === undefined) {
      turns[turns.length - 1] = { ...last, answer: stored(message) };
    } else {
      turns.push({ ...newTurn(firstKey + turns.length, ""), answer: stored(message) });
    }
  }
  return turns;
}

function stored({ id, content, sources, status = "complete", rating }: StoredMessage): Answer {
  const isBroken = status === "failed" || status === "incomplete";
  return defined<Answer>({
    id,
    text: content,
    status: status === "running" && content ? "streaming" : STATUS_OF[status],
    sources,
    cited: citedIn(content, sources.length),
    suggestions: [],
    failure: isBroken ? { code: "interrupted" } : undefined,
    rating,
  });
}

const CITATION = /\[ ?(?:sources? )?(\d{1,3}(?: ?, ?(?:sources? )?\d{1,3})*) ?\](?!\()/gi;

/** The sources, out of `count`, that the text cites, for a service that does not tell. */
export function citedIn(text: string, count: number): number[] {
  const found = [...text.matchAll(CITATION)].flatMap(([, list = ""]) => list.match(/\d+/g) ?? []).map(Number);
  return [...new Set(found)].filter((index) => index >= 1 && index <= count);
}
