import { AppError, redactText } from "@repo2singularity/base";
import {
  headerOf,
  networkFailure,
  parseRetryAfter,
  readCapped,
  type HttpAnswer,
  type NetworkFailure,
  type NetworkOptions,
  openTransport,
  type Transport,
} from "@repo2singularity/base/http";

/** Opens the way to registries; see `openTransport`. Its failures are E_REGISTRY_NETWORK and E_REGISTRY_PROTOCOL. */
export async function openRegistryTransport(options: NetworkOptions = {}): Promise<Transport> {
  return openTransport(options, failureError);
}

/** A failed connection as a coded error; aborts pass through. */
export function networkError(error: unknown, shownUrl: string): unknown {
  const failure = networkFailure(error, shownUrl);
  return failure === undefined ? error : failureError(failure);
}

/** A host that is not there is told at once; a connection that breaks is retryable. */
function failureError({ kind, shownUrl, text, cause }: NetworkFailure): AppError {
  if (kind === "redirects") return new AppError("E_REGISTRY_PROTOCOL", `${shownUrl}: ${text}`);
  if (kind === "unreachable") {
    return new AppError("E_REGISTRY_NETWORK", `${shownUrl}: cannot be reached: ${text}`, {
      hint: "check the network, the proxy settings and the `mirrors` table, or use a base that needs no registry",
      cause,
    });
  }
  return new AppError("E_REGISTRY_NETWORK", `${shownUrl}: the connection failed: ${text}`, {
    retryable: kind === "broken",
    cause,
    ...(kind === "certificate" && { hint: "set SSL_CERT_FILE to the bundle that holds your proxy's authority" }),
  });
}

/**
 * An answer that is no success as a coded error; reads its body for the registry's own words.
 * 429 and 5xx are retryable, with `data.retryAfterMs` when the server said how long to wait.
 */
export async function statusError(answer: HttpAnswer): Promise<AppError> {
  const { statusCode, shownUrl } = answer;
  const words = await readWords(answer);
  const message = `${shownUrl}: answered ${statusCode}${words === "" ? "" : `: ${words}`}`;
  if (statusCode === 401 || statusCode === 403) {
    return new AppError("E_REGISTRY_AUTH", message, {
      hint: "check the name; for a private image log in first: repo2singularity login HOST",
    });
  }
  if (statusCode === 404) return new AppError("E_REGISTRY_NOT_FOUND", message, { hint: "check the name and the tag" });
  if (statusCode === 429 || statusCode >= 500) {
    const retryAfterMs = parseRetryAfter(headerOf(answer, "retry-after"), Date.now());
    return new AppError("E_REGISTRY_NETWORK", message, {
      retryable: true,
      data: { statusCode, ...(retryAfterMs !== undefined && { retryAfterMs }) },
      ...(statusCode === 429 && {
        hint: "the registry limits anonymous pulls: log in, wait, or set mirrors.dockerHub",
      }),
    });
  }
  return new AppError("E_REGISTRY_PROTOCOL", message);
}

async function readWords(answer: HttpAnswer): Promise<string> {
  const text = await readCapped(answer).catch(() => "");
  try {
    const parsed: unknown = JSON.parse(text);
    const words = errorsOf(parsed).flatMap((error) => (isRecord(error) ? [error["message"] ?? error["code"]] : []));
    return oneLine(words.filter((word) => typeof word === "string").join("; "));
  } catch {
    return oneLine(text.startsWith("<") ? "" : text);
  }
}

/** OCI registries answer with `errors`, libraries with one `error`. */
function errorsOf(parsed: unknown): readonly unknown[] {
  if (!isRecord(parsed)) return [];
  if (Array.isArray(parsed["errors"])) return parsed["errors"];
  return [parsed["error"]];
}

function oneLine(text: string): string {
  return redactText(text.replaceAll(/\s+/g, " ").trim()).slice(0, 300);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
