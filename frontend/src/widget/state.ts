/** What the views ask of a state. */

import type { Answer, AnswerStatus, Turn } from "../conversation/state";
import type { Strings } from "../strings";

const RUNNING: ReadonlySet<AnswerStatus> = new Set(["waking", "waiting", "streaming", "reconnecting"]);

export function isRunning({ status }: Pick<Answer, "status">): boolean {
  return RUNNING.has(status);
}

export function isAnswering(turns: readonly Turn[]): boolean {
  return turns.some(({ answer }) => isRunning(answer));
}

/** How an answer ended, where that is worth a word. */
export function noteOn({ status, finishReason }: Answer, { note }: Strings): string | undefined {
  const reason = status === "incomplete" || status === "stopped" ? status : finishReason;
  return reason && reason in note ? note[reason as keyof typeof note] : undefined;
}
