/** Requests to the API, and failures in the words that a reader is told. */

const UNREACHABLE = "The assistant cannot be reached. Please check your connection.";
const PASSING = new Set([429, 502, 503, 504]);

/** A failure as docs/api.md describes it; `retryAfter` is in seconds, `passing` whether trying again may help. */
export class ApiError extends Error {
  constructor({ code, message, status = 0, retryAfter = null, passing = PASSING.has(status) }) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
    this.passing = passing;
  }
}

/** The response of a request that succeeded. Throws ApiError, or AbortError where `signal` ends it. */
export async function request(path, { method = "GET", json, headers = {}, signal } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      headers: json === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: json === undefined ? undefined : JSON.stringify(json),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({ code: "unreachable", message: UNREACHABLE, passing: true });
  }
  if (!response.ok) throw await failure(response);
  return response;
}

/** What went wrong; a proxy's page in place of our JSON still has a status. */
async function failure(response) {
  const told = await response.json().catch(() => null);
  const { code, message, retry_after: retryAfter, fields } = told?.error ?? {};
  const details = (fields ?? []).map((field) => `${field.field}: ${field.message}`).join("; ");
  const fallback = `The assistant is not available right now (${response.status}).`;
  return new ApiError({
    code: code ?? "unavailable",
    message: (message ?? fallback) + (details && ` (${details})`),
    status: response.status,
    retryAfter: retryAfter ?? (Number(response.headers.get("Retry-After")) || null),
  });
}

/** Wait; throws the reason where `signal` ends it. */
export function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
