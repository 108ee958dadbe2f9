import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { HttpAnswer } from "@repo2singularity/build";
import type { Authority } from "./authority.ts";

/** What a proxy does with a request after it has looked inside. */
export type Answerer = (url: URL, request: IncomingMessage) => Promise<HttpAnswer>;

/** A proxy on loopback that lets nobody through without its password and reads inside TLS. */
export interface InspectingProxy extends AsyncDisposable {
  readonly port: number;
  /** Hosts whose TLS connections it has opened, and hosts of plain requests. */
  readonly seenHosts: ReadonlySet<string>;
}

/** @param credentials `user:password` */
export async function startInspectingProxy(options: {
  readonly authority: Authority;
  readonly credentials: string;
  readonly answer: Answerer;
}): Promise<InspectingProxy> {
  const { authority, credentials, answer } = options;
  const seenHosts = new Set<string>();
  const expected = `Basic ${Buffer.from(credentials).toString("base64")}`;
  const isKnown = (request: IncomingMessage): boolean => request.headers["proxy-authorization"] === expected;
  const reply = async (url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    seenHosts.add(url.hostname);
    const { statusCode, contentType, body } = await answer(url, request);
    response.writeHead(statusCode, contentType === "" ? {} : { "content-type": contentType });
    if (request.method === "HEAD") response.end();
    else await pipeline(body, response);
  };
  const serve = (url: URL, request: IncomingMessage, response: ServerResponse): void => {
    reply(url, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(String(error));
    });
  };
  const inside = createTlsServer(
    { SNICallback: (host, done) => done(null, authority.contextFor(host)) },
    (request, response) => serve(new URL(request.url ?? "/", `https://${request.headers.host}`), request, response),
  );
  const tunnels = new Set<Duplex>(); // sockets that the server no longer counts as its own
  const proxy = createServer((request, response) => {
    if (isKnown(request)) serve(new URL(request.url ?? "/"), request, response);
    else response.writeHead(407, { "proxy-authenticate": "Basic" }).end();
  });
  proxy.on("connect", (request: IncomingMessage, socket: Duplex) => {
    tunnels.add(socket);
    socket.on("close", () => tunnels.delete(socket));
    socket.on("error", () => socket.destroy()); // clients cut connections as they like
    if (!isKnown(request)) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
      return;
    }
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    inside.emit("connection", socket);
  });
  const port = await listen(proxy);
  return {
    port,
    seenHosts,
    [Symbol.asyncDispose]: async () => {
      for (const tunnel of tunnels) tunnel.destroy();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // a TCP server's address is always this object
  return (server.address() as AddressInfo).port;
}
