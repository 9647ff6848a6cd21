/** A failure in the thread: what happened, and a way to try again when that may help. */

import { element } from "./dom.js";

/** `retry` is called by the button; the button waits for `retryAfter` seconds. */
export function failureBox({ message, retryAfter = null, retry = null, label = "Try again" }) {
  const box = element("div", { class: "failure" }, element("p", {}, message));
  if (retry) box.append(retryButton(label, retryAfter, retry));
  return box;
}

function retryButton(label, retryAfter, retry) {
  const button = element("button", { type: "button", class: "quiet", onclick: retry }, label);
  if (!retryAfter) return button;
  const due = Date.now() + retryAfter * 1000;
  button.disabled = true;
  const show = () => {
    const seconds = Math.ceil((due - Date.now()) / 1000);
    button.disabled = seconds > 0;
    button.textContent = seconds > 0 ? `${label} in ${duration(seconds)}` : label;
    if (seconds <= 0) clearInterval(timer);
  };
  const timer = setInterval(show, 1000);
  show();
  return button;
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.round(minutes / 60)} h`;
}
