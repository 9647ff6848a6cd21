/** What went wrong with an answer, in a sentence, and the button that may help. */

import type { ErrorCode } from "../api/types";
import type { Failure } from "../conversation/state";
import { duration, type Strings } from "../strings";
import { everySecond } from "./clock";
import { h } from "./dom";

export interface FailureActions {
  readonly retry: () => void;
  readonly edit: () => void;
  readonly startAnew: () => void;
}

type Help = keyof FailureActions | null;

const HELP: Partial<Record<ErrorCode, Help>> = {
  body_too_large: "edit",
  validation_error: "edit",
  conversation_not_found: "startAnew",
  unauthorized: null,
  origin_not_allowed: null,
  not_found: null,
  method_not_allowed: null,
};

export function failureBox(failure: Failure, strings: Strings, actions: FailureActions): HTMLElement {
  const help = HELP[failure.code];
  return h(
    "div",
    { class: "failure", part: "failure" },
    h("p", {}, strings.failure[failure.code]),
    help !== null && helpButton(help ?? "retry", failure, strings, actions),
  );
}

function helpButton(
  help: keyof FailureActions,
  { retryAt }: Failure,
  strings: Strings,
  actions: FailureActions,
): HTMLElement {
  const labels = { retry: strings.retry, edit: strings.edit, startAnew: strings.startAnew };
  const button = h(
    "button",
    { type: "button", class: "quiet", onclick: () => actions[help]() },
    labels[help],
  );
  if (help === "retry" && retryAt !== undefined)
    everySecond(button, () => countDown(button, retryAt, strings));
  return button;
}

function countDown(button: HTMLButtonElement, retryAt: number, strings: Strings): boolean {
  const seconds = Math.ceil((retryAt - Date.now()) / 1000);
  button.disabled = seconds > 0;
  button.textContent = seconds > 0 ? strings.retryIn(duration(strings, seconds)) : strings.retry;
  return seconds > 0;
}
