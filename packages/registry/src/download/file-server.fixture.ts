import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A real HTTP server of one file on a port of loopback, for tests, with faults on demand. */
export interface FileServer extends AsyncDisposable {
  readonly url: string;
  /** `METHOD path range` of every request so far. */
  readonly requests: string[];
  content: Buffer;
  knowsRanges: boolean;
  headers: Record<string, string>;
  /** Called before every answer; true when it answered itself. */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Bytes that do not repeat. */
export function uniqueBytes(sizeBytes: number): Buffer {
  const blocks = Math.ceil(sizeBytes / 32);
  const all = Array.from({ length: blocks }, (_, index) => createHash("sha256").update(String(index)).digest());
  return Buffer.concat(all).subarray(0, sizeBytes);
}

/** Starts the server on a free port. */
export async function startFileServer(content: Buffer): Promise<FileServer> {
  const http = createServer((request, response) => {
    const { range = "" } = request.headers;
    server.requests.push(`${request.method} ${request.url} ${range}`.trimEnd());
    if (!server.fault(request, response)) answer(server, request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo; // a TCP server has one
  const server: FileServer = {
    url: `http://127.0.0.1:${port}/x.sif`,
    requests: [],
    content,
    knowsRanges: true,
    headers: { etag: '"one"' },
    fault: () => false,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

function answer(server: FileServer, request: IncomingMessage, response: ServerResponse): void {
  const { content, headers } = server;
  if (request.url !== "/x.sif") {
    response.writeHead(404).end();
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  if (first === undefined || !server.knowsRanges) {
    response.writeHead(200, { ...headers, "content-length": content.length });
    response.end(request.method === "HEAD" ? undefined : content);
    return;
  }
  const start = Number(first);
  const end = last === "" ? content.length : Math.min(content.length, Number(last) + 1);
  response.writeHead(206, {
    ...headers,
    "content-length": end - start,
    "content-range": `bytes ${start}-${end - 1}/${content.length}`,
  });
  response.end(content.subarray(start, end));
}
