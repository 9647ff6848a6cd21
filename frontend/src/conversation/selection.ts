/** The service takes no longer text to be asked about. */
export const MAX_SELECTION_LENGTH = 8000;
/** Nor a longer question. */
export const MAX_QUESTION_LENGTH = 2000;

/** The selected text as it is sent: trimmed, and cut at a word where it is too long. Undefined where it is blank. */
export function selected(text: string | undefined): string | undefined {
  const whole = text?.trim();
  if (!whole) return undefined;
  if (whole.length <= MAX_SELECTION_LENGTH) return whole;
  const begun = whole.slice(0, MAX_SELECTION_LENGTH + 1);
  const words = begun.replace(/\s+\S*$/, "");
  // One endless word is cut anywhere, but not within a character.
  return words.length <= MAX_SELECTION_LENGTH ? words : begun.slice(0, -1).replace(/[\uD800-\uDBFF]$/, "");
}
