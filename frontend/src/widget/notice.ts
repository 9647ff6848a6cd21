/** How the service is, as far as the reader should know. */

import type { ConversationState, ServiceState } from "../conversation/state";
import type { Strings } from "../strings";
import { fill, h } from "./dom";
import { wakingLine } from "./waking";

export class Notice {
  readonly element = h("div", { class: "notice-place" });
  readonly #strings: Strings;
  #shown = "";

  constructor(strings: Strings) {
    this.#strings = strings;
  }

  update({ service, turns }: ConversationState): void {
    // A question that waits for the service says so itself.
    const told = turns.some(({ answer }) => answer.status === "waking");
    const sentences = told ? [] : this.#sentences(service);
    const since = service.kind === "waking" && !told ? service.since : undefined;
    const shown = JSON.stringify([sentences, since]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const lines = sentences.map((sentence) => h("p", {}, sentence));
    fill(
      this.element,
      (lines.length > 0 || since !== undefined) &&
        h(
          "div",
          { class: "notice", part: "notice", role: "status" },
          ...lines,
          since !== undefined && wakingLine(since, this.#strings),
        ),
    );
  }

  #sentences(service: ServiceState): readonly string[] {
    const { offline, down, stillWorks } = this.#strings;
    if (service.kind === "offline") return [offline];
    if (service.kind !== "impaired") return [];
    const { services } = service.health;
    const names = (["qdrant", "gemini", "postgres"] as const).filter(
      (name) => services[name].status === "unavailable",
    );
    const sentences = names.map((name) => down[name]);
    return names.includes("qdrant") && !names.includes("gemini") ? [...sentences, stillWorks] : sentences;
  }
}
