/** What the service runs on and what is wrong with it, in words. */

import { element } from "./dom.js";

const STARTING_POLL_MS = 1000;
const OUTAGE_POLL_MS = 10_000;

const SERVICES = {
  qdrant: { name: "The search index", loss: "Questions cannot be answered until it is back." },
  postgres: { name: "The store of conversations", loss: "What is asked now may not be kept." },
  gemini: { name: "The language model", loss: "Questions cannot be answered until it is back." },
};

const REASONS = {
  unreachable: "cannot be reached",
  timeout: "does not answer in time",
  unauthorized: "does not accept the credentials it is given",
  quota_exceeded: "has used up its quota",
  dimension_mismatch: "was built for vectors of another size",
  embedding_model_mismatch: "was built with another embedding model",
  port_blocked: "is behind a port that cannot be reached from here",
  rights: "does not grant the rights that are needed",
  error: "reports an error",
};

const STATES = {
  healthy: "Ready",
  starting: "Waking up …",
  degraded: "Limited",
  unhealthy: "Not available",
  unreachable: "Not connected",
};

/** Tells `changed(report)` when something is different; report is null while the service cannot be reached. */
export class HealthWatch {
  #changed;
  #known = "";
  #timer = 0;

  /** Whether it is not known yet what works. */
  starting = true;

  /** Whether all of it works. */
  healthy = false;

  constructor(changed) {
    this.#changed = changed;
  }

  /** Ask now, and again by itself for as long as something is not as it should be. */
  async refresh() {
    clearTimeout(this.#timer);
    const report = await fetch("api/health")
      .then((response) => response.json())
      .then((body) => (body.services ? body : null))
      .catch(() => null);
    clearTimeout(this.#timer);
    this.starting = report?.status === "starting";
    this.healthy = report?.status === "healthy";
    this.#tell(report);
    if (this.healthy) return;
    const delay = this.starting ? STARTING_POLL_MS : OUTAGE_POLL_MS;
    this.#timer = setTimeout(() => this.refresh(), delay);
  }

  /** A notice that someone has opened is left alone while only the times of the checks change. */
  #tell(report) {
    const varying = new Set(["timestamp", "uptime_s", "checked_at", "latency_ms"]);
    const known = JSON.stringify(report, (key, value) => (varying.has(key) ? undefined : value));
    if (known === this.#known) return;
    this.#known = known;
    this.#changed(report);
  }
}

/** The state in a word or two. */
export function stateOf(report) {
  const status = report?.status ?? "unreachable";
  return { status, text: STATES[status] ?? status };
}

/** One line: which model writes, what is searched, where conversations are kept. */
export function runsOn({ services }) {
  const { gemini, qdrant, postgres } = services;
  const model = gemini.provider === "extractive" ? "No language model" : gemini.model;
  const place = qdrant.mode === "embedded" ? "the built-in index" : "Qdrant";
  const passages = `${(qdrant.vectors ?? 0).toLocaleString("en")} passages in ${place}`;
  return [model, passages, postgres.mode === "embedded" ? "SQLite" : "PostgreSQL"].join(" · ");
}

/** Whether what is searched may be the project's own documentation, which the first questions are about. */
export function maySearchSample({ services: { qdrant } }) {
  return qdrant.mode === "embedded" && qdrant.sample !== false && qdrant.vectors > 0;
}

/** What the reader, or the one who runs the service, should know. */
export function notices(report) {
  if (!report || report.status === "starting") return [];
  const { gemini, qdrant } = report.services;
  const empty = qdrant.reason === "collection_missing" || (qdrant.status === "connected" && qdrant.vectors === 0);
  const told = Object.keys(SERVICES)
    .filter((service) => report.services[service].status === "unavailable" && !(empty && service === "qdrant"))
    .map((service) => outage(SERVICES[service], report.services[service]));
  if (empty) told.push(notice("There are no documents yet.", "Add yours with ", code("ragspace ingest PATH"), "."));
  if (gemini.provider === "extractive") {
    const made = notice("Running without a language model:", "answers are quoted from the documents.");
    const how = ["Set ", code("GEMINI_API_KEY"), ", or ", code("LLM_BASE_URL"), " and ", code("LLM_MODEL"), ", and restart."];
    made.append(more("How to add one", ...how));
    told.push(made);
  }
  return told;
}

function outage({ name, loss }, { reason, action }) {
  const made = notice(`${name} ${REASONS[reason] ?? REASONS.error}.`, loss);
  made.classList.add("outage");
  if (action) made.append(more("What whoever runs this can do", action));
  return made;
}

function notice(what, ...rest) {
  return element("div", { class: "notice" }, element("p", {}, element("strong", {}, what), " ", ...rest));
}

function more(summary, ...content) {
  return element("details", {}, element("summary", {}, summary), element("p", {}, ...content));
}

function code(text) {
  return element("code", {}, text);
}
