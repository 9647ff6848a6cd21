/** On phones the panel fills what the on-screen keyboard leaves free. */

import type { Variables } from "./stylesheets";

export function followViewport(variables: Variables, changed: () => void, signal: AbortSignal): void {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const follow = (): void => {
    variables.set("--_viewport-height", `${viewport.height}px`);
    variables.set("--_viewport-top", `${viewport.offsetTop}px`);
    changed();
  };
  viewport.addEventListener("resize", follow, { signal });
  viewport.addEventListener("scroll", follow, { signal });
  follow();
}
