import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from "node:http";
import { Agent as TlsAgent, request as requestHttps } from "node:https";
import { pipeline } from "node:stream/promises";
import { pinned, upstreamHeaders, upstreamOptions } from "./dial.ts";
import type { Way } from "./find-way.ts";
import { endpointOf } from "./named-endpoints.ts";

/** Connections that are used again. */
export interface ForwardAgents {
  readonly http: Agent;
  readonly https: TlsAgent;
}

/** Makes the agents of one proxy; the caller destroys them. */
export function makeAgents(): ForwardAgents {
  return { http: new Agent({ keepAlive: true }), https: new TlsAgent({ keepAlive: true }) };
}

/** A plain request that came to the proxy. */
export interface ForwardedRequest {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** The address that is asked for, as it was written. */
  readonly url: URL;
  readonly way: Exclude<Way, { kind: "refused" }>;
}

/** Headers that are about a connection and not about what goes through it. Source: RFC 9110, 7.6.1 */
const ofTheConnection = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect", // was answered by the proxy
]);

/**
 * Passes a plain request on and its answer back, holding some buffers of both.
 * @throws when no answer came; after its headers the connection to the step is cut instead
 */
export async function forwardRequest(
  forwarded: ForwardedRequest,
  options: { readonly agents: ForwardAgents; readonly caBundle: string; readonly signal: AbortSignal },
): Promise<void> {
  const { incoming, response } = forwarded;
  const outgoing = startRequest(forwarded, options);
  response.once("close", () => outgoing.destroy());
  const answered = answerOf(outgoing);
  incoming.pipe(outgoing);
  const answer = await answered;
  if (answer.statusCode === 407) {
    answer.destroy();
    throw new Error("the proxy of this machine does not take the password in its settings");
  }
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedHeaders(answer));
  await pipeline(answer, response).catch(() => response.destroy());
}

function startRequest(
  { incoming, url, way }: ForwardedRequest,
  { agents, caBundle, signal }: Parameters<typeof forwardRequest>[1],
): ClientRequest {
  const path = pathOf(incoming.url ?? "");
  const isChunked = incoming.headers["transfer-encoding"] !== undefined;
  const headers = [
    "host",
    url.host,
    ...passedHeaders(incoming, "host"),
    ...(isChunked ? ["transfer-encoding", "chunked"] : []),
  ];
  const question = { method: incoming.method ?? "GET", signal, setHost: false };
  if (way.kind === "direct") {
    const place = { ...endpointOf(url), ...pinned(way.addresses) };
    return requestHttp({ ...question, ...place, agent: agents.http, path, headers });
  }
  const { proxy } = way;
  const wanted = [...headers, ...Object.entries(upstreamHeaders(proxy)).flat()];
  const place = { ...upstreamOptions(proxy, caBundle), path: `http://${url.host}${path}`, headers: wanted };
  if (proxy.protocol === "https:") return requestHttps({ ...question, ...place, agent: agents.https });
  return requestHttp({ ...question, ...place, agent: agents.http });
}

function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
  });
}

/** The path as the client wrote it: a URL object would write some of them anew. */
function pathOf(target: string): string {
  const path = target.replace(/^http:\/\/[^/?#]*/i, "");
  return path.startsWith("/") ? path : `/${path}`;
}

/** Names and values in turn, as they came, without those of the connection. */
function passedHeaders({ rawHeaders, headers }: IncomingMessage, ...left: readonly string[]): string[] {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    const lower = name.toLowerCase();
    if (!ofTheConnection.has(lower) && !named.includes(lower) && !left.includes(lower)) kept.push(name, value);
  }
  return kept;
}
