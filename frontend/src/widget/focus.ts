/** The keyboard stays in an open panel. */

const FOCUSABLE = "button, textarea, a[href], summary, [tabindex='0']";

export function trapTab(event: KeyboardEvent, panel: HTMLElement, root: ShadowRoot): void {
  if (event.key !== "Tab") return;
  const stops = [...panel.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (element) => !element.matches(":disabled") && element.checkVisibility(),
  );
  const [first] = stops;
  const last = stops.at(-1);
  const active = root.activeElement;
  const leaving = event.shiftKey ? active === first || active === panel : active === last;
  if (!leaving && active !== null) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}
