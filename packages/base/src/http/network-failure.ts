import { isAbortError } from "../abort.ts";
import { isAppError } from "../errors/app-error.ts";
import { redactText } from "../redaction.ts";

/** Why no answer came, for rooms to make their own errors of. */
export interface NetworkFailure {
  /**
   * `unreachable`: no connection, and a further try would only keep the user waiting; `broken`: a connection that was
   * cut, worth a further try; `certificate`: the server is not who it says; `redirects`: it sends callers in circles.
   */
  readonly kind: "unreachable" | "broken" | "certificate" | "redirects";
  /** The address that was asked, without secrets. */
  readonly shownUrl: string;
  /** What the system says, without secrets. */
  readonly text: string;
  readonly cause?: unknown;
}

const unreachableCodes = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_CONNECT_TIMEOUT",
]);
const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ALTNAME/;

/**
 * What kind of failure a rejected request or a broken body is.
 * @returns undefined for aborts and coded errors, which pass through as they are
 */
export function networkFailure(error: unknown, shownUrl: string): NetworkFailure | undefined {
  if (isAbortError(error) || isAppError(error)) return undefined;
  const { code, text } = describe(error);
  const broken = certificateCodes.test(code) ? "certificate" : "broken";
  return { kind: unreachableCodes.has(code) ? "unreachable" : broken, shownUrl, text, cause: error };
}

function describe(error: unknown): { readonly code: string; readonly text: string } {
  if (!(error instanceof Error)) return { code: "", text: String(error) };
  const inner = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  if (inner !== error) return describe(inner);
  if (!("code" in error) && error.cause !== undefined) return describe(error.cause);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return { code, text: redactText(error.message === "" ? code : error.message) };
}
