import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { AppError } from "../errors/app-error.ts";
import { redactUrl } from "../redaction.ts";
import type { BulkAgent } from "./bulk/bulk-agent.ts";
import { headerOf, type HttpAnswer, readCapped } from "./http-answer.ts";
import { networkFailure, type NetworkFailure } from "./network-failure.ts";

/** How the outside is reached. */
export interface NetworkOptions {
  /** Proxy URLs by the scheme of the target, and hosts (comma separated) that are reached without one. */
  readonly proxies?: {
    readonly http?: string;
    readonly https?: string;
    readonly all?: string;
    readonly none?: string;
  };
  /** PEM of every authority that is trusted; Node's own list when left out or empty. */
  readonly caBundle?: string;
  /** Until a connection stands, name look-up included; 5,000 when left out. */
  readonly connectTimeoutMs?: number;
  /** Without a byte; 30,000 when left out. */
  readonly idleTimeoutMs?: number;
}

/** What is asked. */
export interface HttpQuestion {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  /** A function begins a stream anew: it is called again when a redirect wants the same request at another address. */
  readonly body?: string | Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** Without a byte of the answer; that of the transport when left out. */
  readonly idleTimeoutMs?: number;
  /** Whether redirects are followed; `true` when left out. */
  readonly followRedirects?: boolean;
  /**
   * For large bodies, which are read and sent through one buffer: whoever iterates over the answer's body has each
   * chunk until they ask for the next one, and a chunk of a body that is sent is read until the next one is asked for.
   */
  readonly isBulk?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** HTTP with proxies, private authorities, time limits and redirects; never tries again. */
export interface Transport extends AsyncDisposable {
  /** @throws what the transport was told to make of a failure, also after more than 10 redirects */
  ask(url: string, question?: HttpQuestion): Promise<HttpAnswer>;
}

const redirectLimit = 10;
const redirectCodes = new Set([301, 302, 303, 307, 308]);
/** What a request that is no mere question follows: the others would make a question of it. */
const repeatingRedirectCodes = new Set([307, 308]);

/**
 * Opens a transport; it holds connections until it is disposed.
 * @param makeError the caller's error for a failure; one that is worth a further try must be `retryable`
 */
export async function openTransport(
  options: NetworkOptions,
  makeError: (failure: NetworkFailure) => AppError,
): Promise<Transport> {
  const { request, EnvHttpProxyAgent } = await import("undici"); // 60 ms, which only network commands should pay
  const { BulkAgent } = await import("./bulk/bulk-agent.ts");
  const dispatcher: Dispatcher = new EnvHttpProxyAgent(agentOptions(options));
  const { connectTimeoutMs, idleTimeoutMs } = limitsOf(options);
  const bulk = new BulkAgent({ connectTimeoutMs, ...(options.caBundle ? { ca: options.caBundle } : {}) });
  const send = (url: URL, question: HttpQuestion): Promise<Omit<HttpAnswer, "shownUrl">> =>
    isForBulk(url, question, options)
      ? askBulk(bulk, url, question, idleTimeoutMs)
      : request(url, { dispatcher, ...requestOptions(question) });
  return {
    ask: async (url, question = {}) => {
      let headers = { ...question.headers };
      let target = new URL(url);
      for (let redirects = 0; redirects <= redirectLimit; redirects += 1) {
        const shownUrl = redactUrl(target.toString());
        const {
          statusCode,
          headers: found,
          body,
        } = await send(target, { ...question, headers }).catch((error: unknown) => {
          const failure = networkFailure(error, shownUrl);
          throw failure === undefined ? error : makeError(failure);
        });
        const answer: HttpAnswer = { statusCode, headers: found, body, shownUrl };
        const location = headerOf(answer, "location");
        const followed = isQuestion(question.method) ? redirectCodes : repeatingRedirectCodes;
        const isFollowed = question.followRedirects !== false && followed.has(statusCode);
        if (!isFollowed || location === undefined) return answer;
        await readCapped(answer).catch(() => {}); // frees the connection; its text is of no use
        const next = new URL(location, target);
        // a token is for the host that asked for it: blobs often lie in another's object storage
        if (next.origin !== target.origin) headers = withoutAuthorization(headers);
        target = next;
      }
      throw makeError({
        kind: "redirects",
        shownUrl: redactUrl(url),
        text: `redirected more than ${redirectLimit} times`,
      });
    },
    [Symbol.asyncDispose]: async () => {
      bulk.close();
      await dispatcher.destroy();
    },
  };
}

/** Proxies are left to undici, and so are bodies that are not streamed. */
function isForBulk({ protocol }: URL, { isBulk, body }: HttpQuestion, { proxies = {} }: NetworkOptions): boolean {
  const proxy = (protocol === "https:" ? proxies.https : proxies.http) ?? proxies.all ?? "";
  return isBulk === true && proxy === "" && (body === undefined || typeof body === "function");
}

function askBulk(
  agent: BulkAgent,
  url: URL,
  { method = "GET", headers = {}, body, idleTimeoutMs, signal }: HttpQuestion,
  defaultIdleMs: number,
): Promise<Omit<HttpAnswer, "shownUrl">> {
  const stream = typeof body === "function" ? body : undefined;
  return agent.ask(url, { method, headers, body: stream, idleTimeoutMs: idleTimeoutMs ?? defaultIdleMs, signal });
}

function limitsOf({ connectTimeoutMs = 5_000, idleTimeoutMs = 30_000 }: NetworkOptions): {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
} {
  return { connectTimeoutMs, idleTimeoutMs };
}

function isQuestion(method: HttpQuestion["method"]): boolean {
  return method === undefined || method === "GET" || method === "HEAD" || method === "POST";
}

function requestOptions(question: HttpQuestion): Omit<Dispatcher.RequestOptions, "origin" | "path"> {
  const { method = "GET", headers = {}, body, isBulk = false, idleTimeoutMs, signal } = question;
  const stream = (chunks: AsyncIterable<Uint8Array>): Readable =>
    Readable.from(isBulk ? copied(chunks) : chunks, { objectMode: false });
  return {
    method,
    headers: { ...headers },
    ...(body !== undefined && { body: typeof body === "function" ? stream(body()) : body }),
    ...(idleTimeoutMs !== undefined && { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs }),
    ...(signal !== undefined && { signal }),
  };
}

/** Streams read ahead, and sockets keep what waits to be sent. */
async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) yield Uint8Array.from(chunk);
}

function agentOptions(options: NetworkOptions): Record<string, unknown> {
  const { proxies = {}, caBundle = "" } = options;
  const { connectTimeoutMs, idleTimeoutMs } = limitsOf(options);
  const tls = caBundle === "" ? {} : { ca: caBundle };
  return {
    // empty text, not undefined: undici would read the process's variables, which are not ours to read
    httpProxy: proxies.http ?? proxies.all ?? "",
    httpsProxy: proxies.https ?? proxies.all ?? "",
    noProxy: proxies.none ?? "",
    connect: { timeout: connectTimeoutMs, ...tls },
    requestTls: { timeout: connectTimeoutMs, ...tls },
    proxyTls: { timeout: connectTimeoutMs, ...tls },
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  };
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
}
