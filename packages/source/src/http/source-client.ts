import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "@repo2singularity/base";
import {
  openTransport,
  retry,
  type HttpAnswer,
  type HttpQuestion,
  type NetworkOptions,
  type RetryPolicy,
} from "@repo2singularity/base/http";
import type { z } from "zod";
import { mirroredUrl, type SourceMirrors } from "./public-addresses.ts";
import { bodyError, failureError, statusError } from "./source-errors.ts";

/** Time as providers see it; the machine's own when left out. */
export interface SourceClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after so many milliseconds, or rejects when the signal fires. */
  sleep(pauseMs: number, signal: AbortSignal | undefined): Promise<void>;
}

/** What a client needs to know of the machine. */
export interface SourceClientOptions {
  /** Proxies and authorities; asked for once. */
  readonly readNetwork?: () => Promise<NetworkOptions>;
  readonly mirrors?: SourceMirrors;
  readonly clock?: SourceClock;
  /** Four tries within a minute when left out. */
  readonly retryPolicy?: RetryPolicy;
  readonly signal?: AbortSignal;
}

/** Makes the requests of one provider: under the mirrors, with retries, failures as coded errors. */
export interface SourceClient extends AsyncDisposable {
  readonly clock: SourceClock;
  readonly signal: AbortSignal | undefined;
  /**
   * Asks once.
   * @param okCodes statuses that are no failure
   * @returns an answer whose body the caller reads or destroys
   * @throws E_SOURCE_AUTH, E_SOURCE_NOT_FOUND, E_SOURCE_NETWORK (which may be retryable), E_SOURCE_FETCH
   */
  ask(url: string, question?: SourceQuestion, okCodes?: readonly number[]): Promise<HttpAnswer>;
  /** Calls again what fails with a retryable error, by the client's policy. */
  retry<Result>(call: () => Promise<Result>): Promise<Result>;
  /**
   * Asks for a JSON document of at most 64 MiB, with retries.
   * @throws what `ask` throws, E_SOURCE_FETCH when the answer is no such document, E_LIMIT_EXCEEDED when it is larger
   */
  json<Document>(url: string, schema: z.ZodType<Document>, question?: SourceQuestion): Promise<Document>;
}

type SourceQuestion = Omit<HttpQuestion, "signal">;

/** The machine's own time. */
const systemClock: SourceClock = {
  now: Date.now,
  sleep: async (pauseMs, signal) => {
    await pause(pauseMs, undefined, signal === undefined ? {} : { signal });
  },
};

const documentLimitBytes = 64 * 2 ** 20;
const userAgent = "repo2singularity (+https://github.com/repo2singularity)";

/** Opens a client; it holds connections until it is disposed. */
export async function openSourceClient(options: SourceClientOptions): Promise<SourceClient> {
  const { clock = systemClock, mirrors = {}, signal } = options;
  const transport = await openTransport((await options.readNetwork?.()) ?? {}, failureError);
  const ask: SourceClient["ask"] = async (url, question = {}, okCodes = [200]) => {
    const { target, authorization } = splitUserInfo(mirroredUrl(url, mirrors));
    const headers = { "user-agent": userAgent, ...authorization, ...question.headers };
    const answer = await transport.ask(target, { ...question, headers, signal });
    if (okCodes.includes(answer.statusCode)) return answer;
    throw await statusError(answer, clock.now());
  };
  const again: SourceClient["retry"] = (call) =>
    retry(call, {
      signal,
      now: clock.now,
      sleep: clock.sleep,
      ...(options.retryPolicy === undefined ? {} : { policy: options.retryPolicy }),
    });
  return {
    clock,
    signal,
    ask,
    retry: again,
    json: (url, schema, question = {}) =>
      again(async () => {
        const headers = { accept: "application/json", ...question.headers };
        return readDocument(await ask(url, { ...question, headers }, [200, 201, 202]), schema);
      }),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** User name and password of a URL go into a header, which redirects to other hosts drop. */
function splitUserInfo(url: string): { readonly target: string; readonly authorization: Record<string, string> } {
  const target = new URL(url);
  if (target.username === "" && target.password === "") return { target: url, authorization: {} };
  const pair = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
  target.username = "";
  target.password = "";
  const authorization = { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
  return { target: target.href, authorization };
}

async function readDocument<Document>(answer: HttpAnswer, schema: z.ZodType<Document>): Promise<Document> {
  const text = await readText(answer);
  const parsed = schema.safeParse(tryParseJson(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  throw new AppError(
    "E_SOURCE_FETCH",
    `${answer.shownUrl}: answered something that its API does not describe${where}`,
    {
      hint: "check the URL: it may lead to another kind of page",
    },
  );
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(answer: HttpAnswer): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    // a body without an encoding gives bytes
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      parts.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > documentLimitBytes) {
        throw new AppError("E_LIMIT_EXCEEDED", `${answer.shownUrl}: has more than ${documentLimitBytes} bytes`);
      }
    }
  } catch (error) {
    throw bodyError(error, answer.shownUrl);
  }
  return Buffer.concat(parts).toString("utf8");
}
