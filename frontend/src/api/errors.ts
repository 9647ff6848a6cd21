import { SERVICE_CODES, type ErrorCode, type ServiceCode } from "./types";

/**
 * Why the service may only be asleep: `starting`, it says so itself; `edge`, the platform answers in its place;
 * `unreadable`, something answers that this page may not read, as the platform does without CORS headers for a service
 * that sleeps, and as the service does for a page that it does not allow.
 */
export type Absence = "starting" | "edge" | "unreadable";

/** A failure that the reader is told of. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;
  readonly absence: Absence | undefined;

  constructor(
    code: ErrorCode,
    details: { retryAfter?: number | undefined; absence?: Absence | undefined } = {},
  ) {
    super(code);
    this.code = code;
    this.retryAfter = details.retryAfter;
    this.absence = details.absence;
  }
}

const CODES: readonly unknown[] = SERVICE_CODES;

/** What a status means where the body names no code that we know. */
const CODE_OF_STATUS: Readonly<Record<number, ServiceCode>> = {
  400: "invalid_json",
  403: "origin_not_allowed",
  404: "not_found",
  405: "method_not_allowed",
  413: "body_too_large",
  415: "unsupported_media_type",
  422: "validation_error",
  429: "rate_limited",
  503: "generation_unavailable",
  504: "generation_timeout",
};

/** Where a proxy or the platform answers, only these mean what they mean from the service. */
const MEANT_BY_ANY = [413, 429];
/** A page of HTML with one of these stands where the service will be. 200: a page that says it is starting. */
const STANDING_IN = [200, 502, 503, 504];

/** A code that the service told, or the one nearest to its status where it is new to us. */
export function knownCode(code: unknown, status = 500): ErrorCode {
  if (CODES.includes(code)) return code as ServiceCode;
  return CODE_OF_STATUS[status] ?? (status >= 500 ? "internal_error" : "protocol");
}

/** The failure that `response` tells, which did not succeed or is not what was asked for. Reads its body. */
export async function failureOf(response: Response): Promise<ApiError> {
  const { status } = response;
  const told: unknown = await response.json().catch(() => undefined);
  const header = secondsOf(response.headers.get("Retry-After"));
  if (response.ok && told !== undefined) return new ApiError("protocol");
  const error = isRecord(told) && isRecord(told.error) ? told.error : {};
  const isOurs = typeof error.code === "string" || (isRecord(told) && "detail" in told);
  if (!isOurs || response.ok) return fromElsewhere(status, header);
  const code = knownCode(error.code, status);
  const absence = code === "starting" ? "starting" : undefined;
  return new ApiError(code, { retryAfter: secondsFrom(error.retry_after) ?? header, absence });
}

/** A proxy or the platform answers in place of the service. */
function fromElsewhere(status: number, retryAfter: number | undefined): ApiError {
  const code = MEANT_BY_ANY.includes(status) ? knownCode(undefined, status) : "unreachable";
  return new ApiError(code, { retryAfter, absence: STANDING_IN.includes(status) ? "edge" : undefined });
}

/** `Retry-After` is a number of seconds or a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null || header === "") return undefined;
  return secondsFrom(Number(header)) ?? secondsFrom((Date.parse(header) - Date.now()) / 1000);
}

export function secondsFrom(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, value) : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
