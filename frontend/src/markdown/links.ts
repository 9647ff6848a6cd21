/** Which addresses may be followed. */

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** An absolute address with a scheme that a link may have, or null. Relative ones are looked up from `base`; without one they lead nowhere. */
export function safeUrl(address: string, base: string | null): URL | null {
  let url: URL;
  try {
    url = base === null ? new URL(address) : new URL(address, base);
  } catch {
    return null;
  }
  return SCHEMES.has(url.protocol) ? url : null;
}

/** A link with a checked address. Another site opens in another tab, and is not told where the reader came from. */
export function linkTo(url: URL): HTMLAnchorElement {
  const link = document.createElement("a");
  link.setAttribute("href", url.href);
  link.setAttribute("rel", "noopener noreferrer nofollow");
  if (url.origin !== location.origin && url.protocol !== "mailto:") link.setAttribute("target", "_blank");
  return link;
}
