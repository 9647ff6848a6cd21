/** Light or dark: as the attribute says, else as the site around is, else as the reader's system is. */

export type Theme = "light" | "dark";

const SYSTEM = "(prefers-color-scheme: dark)";

export function themeOf(wanted: string | null): Theme {
  if (wanted === "light" || wanted === "dark") return wanted;
  const { dataset, classList } = document.documentElement;
  const site = dataset.theme ?? (classList.contains("dark") ? "dark" : "");
  if (site === "light" || site === "dark") return site;
  return matchMedia(SYSTEM).matches ? "dark" : "light";
}

/** Calls `changed` when what `themeOf` says may be another. */
export function watchTheme(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
  matchMedia(SYSTEM).addEventListener("change", changed, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}
