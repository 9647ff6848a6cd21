/** That the service is waking up, and for how long it has been. */

import { duration, type Strings } from "../strings";
import { everySecond } from "./clock";
import { h } from "./dom";

export function wakingLine(since: number, strings: Strings): HTMLElement {
  const elapsed = h("span", { class: "elapsed", "aria-hidden": "true" });
  everySecond(elapsed, () => {
    elapsed.textContent = duration(strings, Math.max(0, Math.floor((Date.now() - since) / 1000)));
    return true;
  });
  return h(
    "div",
    { class: "waking" },
    h("p", { class: "progress" }, strings.waking, " ", elapsed),
    h("p", { class: "note" }, strings.wakingDetail),
  );
}
