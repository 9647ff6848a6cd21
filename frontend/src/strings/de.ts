import type { Strings } from "./strings";

const PROTOCOL = "Die Antwort war nicht zu verstehen. Bitte noch einmal versuchen.";

export const de: Strings = {
  language: "de",
  heading: "Die Dokumente fragen",
  open: "Eine Frage stellen",
  openWithSelection: "Zum markierten Text fragen",
  close: "Schließen",
  expand: "Größer",
  shrink: "Kleiner",
  startAnew: "Neue Unterhaltung",

  remove: "Unterhaltung löschen",
  removeQuestion: "Diese Unterhaltung endgültig löschen, hier und auf dem Server?",
  removeConfirm: "Löschen",
  removed: "Die Unterhaltung ist gelöscht.",
  removeFailed: "Das Löschen ist nicht gelungen. Bitte später noch einmal versuchen.",
  cancel: "Abbrechen",

  welcome: "Was möchten Sie wissen?",
  welcomeDetail: "Die Antworten kommen aus den Dokumenten, mit den Stellen, auf die sie sich stützen.",
  examples: "Zum Beispiel",
  resuming: "Ihre letzte Unterhaltung wird geholt …",

  question: "Ihre Frage",
  placeholder: "Eine Frage stellen …",
  followUp: "Weiterfragen …",
  send: "Senden",
  stop: "Antwort anhalten",
  charactersLeft: (count) => (count < 0 ? `${-count} Zeichen zu viel` : `noch ${count} Zeichen`),
  conversation: "Unterhaltung",
  toNewest: "Zum Neuesten",

  selection: "Auswahl",
  clearSelection: "Auswahl entfernen",
  askAboutSelection: "Dazu fragen",
  askedAbout: "Zur Auswahl",

  answer: "Antwort",
  searching: "Die Dokumente werden durchsucht …",
  readingSelection: "Die Auswahl wird gelesen …",
  reading: (count) => (count === 1 ? "Eine Stelle wird gelesen …" : `${count} Stellen werden gelesen …`),
  waking: "Wacht auf",
  wakingDetail:
    "Der Assistent hat geschlafen. Das kann eine Minute dauern; Ihre Frage geht ab, sobald er wach ist.",
  reconnecting: "Die Verbindung ist abgerissen und wird wieder aufgenommen …",

  copyAnswer: "Antwort kopieren",
  copyCode: "Code kopieren",
  copied: "Kopiert",
  good: "Gute Antwort",
  bad: "Schlechte Antwort",
  thanks: "Danke für die Bewertung.",
  notRated: "Die Bewertung konnte nicht gespeichert werden.",
  table: "Tabelle",
  code: "Code",

  sources: "Quellen",
  source: (index, title) => `Quelle ${index}: ${title}`,
  read: (count) => (count === 1 ? "Eine Stelle gelesen" : `${count} Stellen gelesen`),
  uncited: (count, someCited) =>
    `${count} ${someCited ? "weitere " : ""}${count === 1 ? "Stelle" : "Stellen"} gelesen, nicht zitiert`,
  openSource: "Seite öffnen",
  nearest: "Am nächsten in den Dokumenten:",
  askAboutHeading: (heading) => `Was sagen die Dokumente über „${heading}“?`,

  note: {
    extractive: "Aus den Dokumenten zitiert, ohne Sprachmodell.",
    stopped: "Angehalten.",
    length: "Die Antwort hat ihre Höchstlänge erreicht und endet hier.",
    safety: "Die Sicherheitsregeln des Sprachmodells haben diese Antwort beendet.",
    incomplete: "Diese Antwort ist abgebrochen.",
  },

  retry: "Noch einmal",
  retryIn: (time) => `Noch einmal in ${time}`,
  edit: "Frage ändern",
  seconds: (count) => `${count} s`,
  minutes: (count) => `${count} min`,
  hours: (count) => `${count} h`,
  failure: {
    invalid_json: PROTOCOL,
    invalid_event_id: "Die Antwort ließ sich nicht wieder aufnehmen. Bitte noch einmal fragen.",
    origin_not_allowed:
      "Diese Seite darf den Assistenten noch nicht benutzen. Wer sie betreibt, kann das in dessen Einstellungen erlauben.",
    conversation_not_found: "Diese Unterhaltung gibt es nicht mehr. Bitte eine neue beginnen.",
    message_not_found: "Diese Antwort gibt es nicht mehr. Bitte noch einmal fragen.",
    not_found: "Unter dieser Adresse gibt es keinen Assistenten.",
    method_not_allowed: "Unter dieser Adresse gibt es keinen Assistenten.",
    body_too_large: "Das ist zu lang. Bitte die Frage oder die Auswahl kürzen.",
    unsupported_media_type: PROTOCOL,
    validation_error: "So lässt sich diese Frage nicht stellen. Bitte kürzen oder ändern.",
    rate_limited: "Das waren viele Fragen auf einmal. Bitte einen Moment warten.",
    quota_exceeded: "Der Assistent hat vorerst alles beantwortet, was er darf.",
    internal_error: "Bei uns ist etwas schiefgegangen.",
    retrieval_unavailable: "Die Dokumente lassen sich gerade nicht durchsuchen.",
    generation_unavailable: "Das Sprachmodell antwortet gerade nicht.",
    storage_unavailable:
      "Unterhaltungen lassen sich gerade nicht speichern, daher auch keine Fragen annehmen.",
    starting: "Der Assistent wacht noch auf.",
    shutting_down: "Der Assistent wird neu gestartet.",
    generation_timeout: "Das Sprachmodell hat zu lange für die Antwort gebraucht.",
    offline: "Sie sind offline. Ihre Frage geht ab, sobald Sie wieder verbunden sind.",
    unreachable: "Der Assistent ist nicht zu erreichen.",
    interrupted: "Die Verbindung ist abgerissen, bevor die Antwort vollständig war.",
    protocol: PROTOCOL,
  },

  offline: "Sie sind offline. Was Sie schreiben, bleibt erhalten.",
  down: {
    qdrant: "Die Dokumente lassen sich gerade nicht durchsuchen.",
    postgres: "Unterhaltungen werden gerade vielleicht nicht gespeichert.",
    gemini: "Das Sprachmodell ist gerade nicht verfügbar.",
  },
  stillWorks: "Fragen zu markiertem Text gehen weiterhin.",
};
