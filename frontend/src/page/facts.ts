/** What the service runs on and how it is, in words. */

import type { Health } from "../api/types";
import type { ServiceState } from "../conversation";

/** About the project's own documentation, which is searched where nothing else has been read. */
export const FIRST_QUESTIONS: readonly string[] = [
  "Which secrets does the Space need?",
  "How do I run it without any account?",
  "What happens when Qdrant is unreachable?",
];

const STATES: Readonly<Record<ServiceState["kind"], string>> = {
  unknown: "Not connected",
  ready: "Ready",
  impaired: "Limited",
  waking: "Waking up …",
  offline: "Offline",
};

export function stateOf(service: ServiceState): { readonly status: string; readonly text: string } {
  const unhealthy = service.kind === "impaired" && service.health.status === "unhealthy";
  return unhealthy
    ? { status: "down", text: "Not available" }
    : { status: service.kind, text: STATES[service.kind] };
}

/** One line: which model writes, what is searched, where conversations are kept. */
export function runsOn({ services: { gemini, qdrant, postgres } }: Health): string {
  const model = gemini.provider === "extractive" ? "No language model" : (gemini.model ?? "A language model");
  const place = qdrant.mode === "embedded" ? "the built-in index" : "Qdrant";
  const count = qdrant.vectors === undefined ? "Passages" : `${qdrant.vectors.toLocaleString("en")} passages`;
  return [model, `${count} in ${place}`, postgres.mode === "embedded" ? "SQLite" : "PostgreSQL"].join(" · ");
}

/** Whether what is searched may be the project's own documentation. */
export function maySearchSample({ services: { qdrant } }: Health): boolean {
  return qdrant.mode === "embedded" && qdrant.sample !== false && (qdrant.vectors ?? 0) > 0;
}
