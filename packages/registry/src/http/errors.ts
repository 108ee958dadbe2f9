import { AppError, isAbortError, isAppError, redactText } from "@repo2singularity/base";
import type { HttpAnswer } from "./http-answer.ts";

/** A host that is not there is told at once: trying again would only keep the user from an answer. */
const unreachableCodes = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Error bodies are read up to this size. */
const bodyLimitBytes = 64 * 2 ** 10;

/** A failed connection as a coded error; aborts pass through. */
export function networkError(error: unknown, shownUrl: string): unknown {
  if (isAbortError(error) || isAppError(error)) return error;
  const { code, text } = describe(error);
  if (unreachableCodes.has(code)) {
    return new AppError("E_REGISTRY_NETWORK", `${shownUrl}: cannot be reached: ${text}`, {
      hint: "check the network, the proxy settings and the `mirrors` table, or use a base that needs no registry",
      cause: error,
    });
  }
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ALTNAME/.test(code);
  return new AppError("E_REGISTRY_NETWORK", `${shownUrl}: the connection failed: ${text}`, {
    retryable: !isCertificate,
    cause: error,
    ...(isCertificate && { hint: "set SSL_CERT_FILE to the bundle that holds your proxy's authority" }),
  });
}

function describe(error: unknown): { readonly code: string; readonly text: string } {
  if (!(error instanceof Error)) return { code: "", text: String(error) };
  const inner = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  if (inner !== error) return describe(inner);
  if (!("code" in error) && error.cause !== undefined) return describe(error.cause);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return { code, text: redactText(error.message === "" ? code : error.message) };
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
      hint: "check the name; for a private image log in first (`docker login`, `apptainer registry login`)",
    });
  }
  if (statusCode === 404) return new AppError("E_REGISTRY_NOT_FOUND", message, { hint: "check the name and the tag" });
  if (statusCode === 429 || statusCode >= 500) {
    const retryAfterMs = parseRetryAfter(answer.headers["retry-after"]);
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

/** Seconds as Retry-After gives them; its date form is rare and read as absent. */
function parseRetryAfter(value: string | string[] | undefined): number | undefined {
  return typeof value === "string" && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}

async function readWords(answer: HttpAnswer): Promise<string> {
  const text = await readCapped(answer).catch(() => "");
  try {
    const parsed: unknown = JSON.parse(text);
    const errors = isRecord(parsed) && Array.isArray(parsed["errors"]) ? (parsed["errors"] as unknown[]) : [];
    const words = errors.flatMap((error) => (isRecord(error) ? [error["message"] ?? error["code"]] : []));
    return oneLine(words.filter((word) => typeof word === "string").join("; "));
  } catch {
    return oneLine(text.startsWith("<") ? "" : text);
  }
}

async function readCapped(answer: HttpAnswer): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    parts.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > bodyLimitBytes) break;
  }
  return Buffer.concat(parts).toString("utf8", 0, bodyLimitBytes);
}

function oneLine(text: string): string {
  return redactText(text.replaceAll(/\s+/g, " ").trim()).slice(0, 300);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
