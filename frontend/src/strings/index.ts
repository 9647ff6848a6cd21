/** The language of the element, else of the page around it, else English. */

import { de } from "./de";
import { en } from "./en";
import type { Strings } from "./strings";

export type { Strings } from "./strings";

export const LANGUAGES: Readonly<Record<string, Strings>> = { en, de };

/** `wanted` are language tags such as `de-AT`, best first. */
export function stringsFor(...wanted: readonly (string | null | undefined)[]): Strings {
  const [found] = wanted.flatMap((tag) => LANGUAGES[tag?.split("-")[0]?.toLowerCase() ?? ""] ?? []);
  return found ?? en;
}

/** A duration as short as it may be: seconds below two minutes, minutes below two hours. */
export function duration(strings: Strings, seconds: number): string {
  if (seconds < 120) return strings.seconds(seconds);
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? strings.minutes(minutes) : strings.hours(Math.round(minutes / 60));
}
