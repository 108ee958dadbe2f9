import { AppError, redactText } from "@repo2singularity/base";
import {
  headerOf,
  networkFailure,
  parseRetryAfter,
  readCapped,
  type HttpAnswer,
  type NetworkFailure,
} from "@repo2singularity/base/http";

/** The error of a request that got no answer. Only a connection that broke is worth a further try. */
export function failureError({ kind, shownUrl, text, cause }: NetworkFailure): AppError {
  const hints = {
    unreachable: "check the network, the proxy variables and the `mirrors` table of the configuration",
    broken: "try again",
    certificate: "set SSL_CERT_FILE to the bundle that holds your proxy's authority",
    redirects: "check the URL",
  };
  return new AppError(
    "E_SOURCE_NETWORK",
    `${shownUrl}: ${kind === "unreachable" ? "cannot be reached: " : ""}${text}`,
    {
      hint: hints[kind],
      retryable: kind === "broken",
      cause,
    },
  );
}

/** A broken body as a coded error; aborts and coded errors come back as they are. */
export function bodyError(error: unknown, shownUrl: string): unknown {
  const failure = networkFailure(error, shownUrl);
  return failure === undefined ? error : failureError(failure);
}

/**
 * An answer that is no success as a coded error; reads its body for the server's own words.
 * 429 and 5xx are retryable, with `data.retryAfterMs` when the server said how long to wait.
 * @param nowMs the time that the date of a Retry-After is counted from
 */
export async function statusError(answer: HttpAnswer, nowMs: number): Promise<AppError> {
  const { statusCode, shownUrl } = answer;
  const words = await readWords(answer);
  const message = `${shownUrl}: answered ${statusCode}${words === "" ? "" : `: ${words}`}`;
  const data = { statusCode };
  if (statusCode === 401 || statusCode === 403) {
    return new AppError("E_SOURCE_AUTH", message, {
      hint: "what it names is not public: download it with your account and give the folder",
      data,
    });
  }
  if (statusCode === 404 || statusCode === 410) {
    return new AppError("E_SOURCE_NOT_FOUND", message, { hint: "check the identifier or URL", data });
  }
  if (statusCode !== 429 && statusCode < 500) return new AppError("E_SOURCE_FETCH", message, { data });
  const retryAfterMs = parseRetryAfter(headerOf(answer, "retry-after"), nowMs);
  return new AppError("E_SOURCE_NETWORK", message, {
    retryable: true,
    data: { ...data, ...(retryAfterMs !== undefined && { retryAfterMs }) },
    hint: statusCode === 429 ? "the server limits how often it is asked: wait and try again" : "try again later",
  });
}

const longestWords = 300;

/** What APIs write into a `message`, `error` or `detail`, or a plain text; web pages say nothing useful. */
async function readWords(answer: HttpAnswer): Promise<string> {
  const text = await readCapped(answer).catch(() => "");
  return redactText(wordsOf(text).replaceAll(/\s+/g, " ").trim()).slice(0, longestWords);
}

function wordsOf(text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text.trimStart().startsWith("<") ? "" : text;
  }
  if (typeof parsed !== "object" || parsed === null) return "";
  const words = ["message", "reason", "error", "detail"].map((key): unknown => Reflect.get(parsed, key));
  return words.find((word) => typeof word === "string") ?? "";
}
