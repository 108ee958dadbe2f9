import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a path answers. */
export interface Reply {
  /** 200 when left out. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and texts as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** A request that came. */
export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** A real HTTP server on a free port of loopback that answers by a table, with ranges, ETags and faults on demand. */
export interface ApiServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** By path with query, else by path alone; a function is asked for each request. */
  readonly routes: Map<string, Reply | ((request: SeenRequest) => Reply)>;
  readonly requests: SeenRequest[];
  /** Called before every answer; true when it answered itself. */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Starts a server. What the table does not have is answered as InvenioRDM does: 404 with a message. */
export async function startApiServer(routes: Iterable<[string, Reply]> = []): Promise<ApiServer> {
  const server = createServer((request, response) => {
    const seen = { method: request.method ?? "", path: request.url ?? "", headers: request.headers };
    api.requests.push(seen);
    request.resume();
    if (!api.fault(request, response)) answer(api, seen, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a server that listens on a port has an address of this kind
  const api: ApiServer = {
    origin: `http://127.0.0.1:${port}`,
    routes: new Map(routes),
    requests: [],
    fault: () => false,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return api;
}

function answer(api: ApiServer, request: SeenRequest, response: ServerResponse): void {
  const route = api.routes.get(request.path) ?? api.routes.get(request.path.replace(/\?.*$/, ""));
  const reply = typeof route === "function" ? route(request) : route;
  if (reply === undefined) {
    response.writeHead(404, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: 404, message: "The persistent identifier does not exist." }));
    return;
  }
  const { body = "", status = 200 } = reply;
  if (!(body instanceof Uint8Array)) {
    const type = typeof body === "string" ? "text/html" : "application/json";
    response.writeHead(status, { "content-type": type, ...reply.headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
    return;
  }
  answerBytes(body, request, response, reply);
}

function answerBytes(bytes: Uint8Array, request: SeenRequest, response: ServerResponse, reply: Reply): void {
  const etag = `"${createHash("sha1").update(bytes).digest("hex")}"`;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? "0");
  const ifRange = request.headers["if-range"];
  const isPartial = start > 0 && (ifRange === undefined || ifRange === etag);
  const part = isPartial ? bytes.subarray(start) : bytes;
  response.writeHead(isPartial ? 206 : (reply.status ?? 200), {
    "content-type": "application/octet-stream",
    "content-length": String(part.length),
    etag,
    ...(isPartial && { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    ...reply.headers,
  });
  response.end(part);
}

/** Sends the front of a body under its whole length, then cuts the connection. */
export function cutAfter(response: ServerResponse, bytes: Uint8Array, sentBytes: number, etag?: string): void {
  const headers = { "content-length": String(bytes.length), ...(etag !== undefined && { etag }) };
  response.writeHead(200, headers);
  response.write(bytes.subarray(0, sentBytes), () => setImmediate(() => response.destroy()));
}
