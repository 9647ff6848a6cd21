/** What whoever runs the service should know. What readers should know is told by the chat itself. */

import type { Health, ServiceReport, UnavailableReason } from "../api/types";
import { h, type Child } from "../widget/dom";

const SERVICES = {
  qdrant: "The search index",
  postgres: "The store of conversations",
  gemini: "The language model",
} as const;

const REASONS: Readonly<Record<UnavailableReason, string>> = {
  unreachable: "cannot be reached",
  timeout: "does not answer in time",
  unauthorized: "does not accept the credentials it is given",
  quota_exceeded: "has used up its quota",
  collection_missing: "has no collection yet",
  dimension_mismatch: "was built for vectors of another size",
  embedding_model_mismatch: "was built with another embedding model",
  port_blocked: "is behind a port that cannot be reached from here",
  rights: "does not grant the rights that are needed",
  error: "reports an error",
};

export function notices({ services }: Health): HTMLElement[] {
  const { gemini, qdrant } = services;
  const empty =
    qdrant.reason === "collection_missing" || (qdrant.status === "connected" && qdrant.vectors === 0);
  const down = (["qdrant", "gemini", "postgres"] as const).filter(
    (name) => services[name].status === "unavailable" && !(empty && name === "qdrant"),
  );
  const told = down.map((name) => outage(SERVICES[name], services[name]));
  if (empty)
    told.push(notice("There are no documents yet.", "Add yours with ", code("ragspace ingest PATH"), "."));
  if (gemini.provider === "extractive") told.push(withoutModel());
  return told;
}

function withoutModel(): HTMLElement {
  const made = notice("Running without a language model:", "answers are quoted from the documents.");
  const how = [
    "Set ",
    code("GEMINI_API_KEY"),
    ", or ",
    code("LLM_BASE_URL"),
    " and ",
    code("LLM_MODEL"),
    ", and restart.",
  ];
  made.append(more("How to add one", ...how));
  return made;
}

function outage(name: string, { reason, action }: ServiceReport): HTMLElement {
  const made = notice(`${name} ${REASONS[reason ?? "error"]}.`);
  made.classList.add("outage");
  if (action) made.append(more("What whoever runs this can do", action));
  return made;
}

function notice(what: string, ...rest: readonly Child[]): HTMLElement {
  return h("div", { class: "notice" }, h("p", {}, h("strong", {}, what), " ", ...rest));
}

function more(summary: string, ...content: readonly Child[]): HTMLElement {
  return h("details", {}, h("summary", {}, summary), h("p", {}, ...content));
}

function code(text: string): HTMLElement {
  return h("code", {}, text);
}
