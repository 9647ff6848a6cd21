import { vi } from "vitest";

/**
 * From here on fetch behaves as in a page of `origin`: a response from elsewhere that does not allow the page is a network
 * failure, and one of a request without CORS is opaque. (No preflights: the servers of these tests need none.)
 */
export function asBrowser(origin: string): void {
  const { fetch } = globalThis;
  vi.stubGlobal("location", { origin });
  vi.stubGlobal("fetch", async (url: string, init: RequestInit = {}) => {
    const { mode = "cors", ...rest } = init;
    const response = await fetch(url, { ...rest, headers: { ...(rest.headers as object), Origin: origin } });
    if (mode === "no-cors") return Response.error();
    const allowed = response.headers.get("Access-Control-Allow-Origin");
    if (allowed !== "*" && allowed !== origin) throw new TypeError("Failed to fetch");
    return response;
  });
}
