import { AppError, redactUrl } from "@repo2singularity/base";
import { type Dispatcher, EnvHttpProxyAgent, interceptors, request } from "undici";
import type { HostSettings } from "./host-settings.ts";

/** What was answered to a request. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** Address after redirects. */
  readonly url: string;
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** One way to the outside for everything the program fetches itself: the machine's proxies and authorities. */
export interface HttpClient extends AsyncDisposable {
  /** For clients that make their own requests, such as those of registries. */
  readonly dispatcher: Dispatcher;
  /**
   * Asks for a URL, following up to 8 redirects; user info in the URL goes into a header for its own host only.
   * @throws E_TOOL_UNAVAILABLE with `retryable` when no answer came
   */
  get(url: string, options?: { readonly accept?: string; readonly signal?: AbortSignal }): Promise<HttpAnswer>;
}

const headersTimeoutMs = 60_000;

/**
 * Opens an {@link HttpClient}; the caller disposes of it.
 * @param options.proxySocket path of a unix socket at which the proxies of the settings listen
 */
export function openHttpClient(
  settings: Pick<HostSettings, "caBundle" | "proxies">,
  options: { readonly proxySocket?: string } = {},
): HttpClient {
  const tls = { ca: settings.caBundle };
  const { http, https, all, none } = settings.proxies;
  const agent = new EnvHttpProxyAgent({
    // empty texts keep the agent from reading the variables of this process itself
    httpProxy: http ?? all ?? "",
    httpsProxy: https ?? all ?? http ?? "",
    noProxy: none ?? "",
    connect: { ...tls, timeout: 15_000 },
    requestTls: tls,
    proxyTls: options.proxySocket === undefined ? tls : { socketPath: options.proxySocket },
    headersTimeout: headersTimeoutMs,
    bodyTimeout: headersTimeoutMs,
  });
  const dispatcher = agent.compose(
    interceptors.retry({ maxRetries: 3, minTimeout: 300, maxTimeout: 3_000 }),
    interceptors.redirect({ maxRedirections: 8 }),
  );
  return {
    dispatcher,
    get: async (url, options = {}) => get(dispatcher, url, options),
    [Symbol.asyncDispose]: async () => agent.close(),
  };
}

async function get(
  dispatcher: Dispatcher,
  url: string,
  options: { readonly accept?: string; readonly signal?: AbortSignal },
): Promise<HttpAnswer> {
  const target = new URL(url);
  const headers: Record<string, string> = { accept: options.accept ?? "*/*" };
  if (target.username !== "") headers["authorization"] = basicAuthorization(target);
  target.username = "";
  target.password = "";
  try {
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const answer = await request(target, { dispatcher, headers, ...signal });
    return {
      statusCode: answer.statusCode,
      url: addressAfterRedirects(answer.context) ?? target.toString(),
      contentType: String(answer.headers["content-type"] ?? ""),
      body: answer.body,
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new AppError("E_TOOL_UNAVAILABLE", `${redactUrl(url)}: no answer: ${reasonOf(error)}`, {
      hint: "check the network, the proxy variables and the mirrors table of the configuration",
      retryable: true,
      cause: error,
    });
  }
}

function basicAuthorization(url: URL): string {
  const user = decodeURIComponent(url.username);
  return `Basic ${Buffer.from(`${user}:${decodeURIComponent(url.password)}`).toString("base64")}`;
}

/** undici's redirect interceptor leaves the addresses it went through in `context.history`. */
function addressAfterRedirects(context: unknown): string | undefined {
  if (typeof context !== "object" || context === null || !("history" in context)) return undefined;
  return Array.isArray(context.history) ? context.history.at(-1)?.toString() : undefined;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = error instanceof AggregateError ? error.errors.map(String) : [];
  return [error.message, ...parts].filter((part) => part !== "").join("; ");
}
