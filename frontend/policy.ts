import type { Plugin } from "vite";

/**
 * Where a page built with this VITE_API_BASE_URL may connect to, as a source of a content security policy.
 *
 * @throws where it is no address of an API: the build ends with a sentence, rather than a page that reaches nothing.
 */
export function apiSource(base: string): string {
  if (base === "") return "'self'";
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || /[?#@]/.test(base)) {
    throw new Error(
      `VITE_API_BASE_URL is "${base}". Write the address of the API, such as https://owner-space.hf.space`,
    );
  }
  return url.origin;
}

/** The policy of the page itself. What only a header can say (`frame-ancestors`) is the server's. */
export function contentSecurityPolicy(base: string): string {
  const directives = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${apiSource(base)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return directives.join("; ");
}

/**
 * Writes the policy into the built page, since only the build knows the API's address: a header in vercel.json, or in
 * any other static host's configuration, could not follow it.
 */
export function pagePolicy(base: string): Plugin {
  const content = contentSecurityPolicy(base);
  return {
    name: "page-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content },
        injectTo: "head-prepend",
      },
    ],
  };
}

/**
 * The address of the API that the page is built for.
 *
 * @throws where a Vercel build lacks it: empty means the page's own address, and Vercel serves no API.
 */
export function apiBase(environment: Record<string, string | undefined>): string {
  const base = environment.VITE_API_BASE_URL?.trim() ?? "";
  if (base === "" && environment.VERCEL === "1") {
    throw new Error(
      "VITE_API_BASE_URL is not set. Set it in the project's settings, under Environment Variables, to the address " +
        "of your Space, such as https://owner-space.hf.space, and deploy again.",
    );
  }
  return base;
}
