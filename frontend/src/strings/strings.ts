/** Every text that a reader sees. A language that lacks one does not compile. */

import type { ErrorCode } from "../api/types";

export interface Strings {
  /** As `lang` says it. */
  readonly language: string;
  readonly heading: string;
  readonly open: string;
  readonly openWithSelection: string;
  readonly close: string;
  readonly expand: string;
  readonly shrink: string;
  readonly startAnew: string;

  readonly remove: string;
  readonly removeQuestion: string;
  readonly removeConfirm: string;
  readonly removed: string;
  readonly removeFailed: string;
  readonly cancel: string;

  readonly welcome: string;
  readonly welcomeDetail: string;
  readonly examples: string;
  readonly resuming: string;

  readonly question: string;
  readonly placeholder: string;
  readonly followUp: string;
  readonly send: string;
  readonly stop: string;
  /** `count` is negative where there are too many. */
  readonly charactersLeft: (count: number) => string;
  readonly conversation: string;
  readonly toNewest: string;

  readonly selection: string;
  readonly clearSelection: string;
  readonly askAboutSelection: string;
  readonly askedAbout: string;

  readonly answer: string;
  readonly searching: string;
  readonly readingSelection: string;
  readonly reading: (count: number) => string;
  readonly waking: string;
  readonly wakingDetail: string;
  readonly reconnecting: string;

  readonly copyAnswer: string;
  readonly copyCode: string;
  readonly copied: string;
  readonly good: string;
  readonly bad: string;
  readonly thanks: string;
  readonly notRated: string;
  readonly table: string;
  readonly code: string;

  readonly sources: string;
  readonly source: (index: number, title: string) => string;
  readonly read: (count: number) => string;
  readonly uncited: (count: number, someCited: boolean) => string;
  readonly openSource: string;
  readonly nearest: string;
  readonly askAboutHeading: (heading: string) => string;

  readonly note: Readonly<Record<"extractive" | "stopped" | "length" | "safety" | "incomplete", string>>;

  readonly retry: string;
  /** `time` as `duration` tells it. */
  readonly retryIn: (time: string) => string;
  readonly edit: string;
  readonly seconds: (count: number) => string;
  readonly minutes: (count: number) => string;
  readonly hours: (count: number) => string;
  readonly failure: Readonly<Record<ErrorCode, string>>;

  readonly offline: string;
  readonly down: Readonly<Record<"qdrant" | "postgres" | "gemini", string>>;
  readonly stillWorks: string;
}
