import { mkdir, open, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { socketName } from "../executor/way-out.ts";
import { answerRequest } from "./answer-request.ts";
import type { NetworkPolicy } from "./find-way.ts";
import { makeAgents } from "./forward-request.ts";
import { openTunnel } from "./open-tunnel.ts";
import type { ProxyContext } from "./proxy-context.ts";

/** The proxy of the steps of one tree; disposing of it cuts all its connections. */
export interface StepProxy extends AsyncDisposable {
  /** The folder with its socket, for `StepTreeOptions.wayOut`. */
  readonly folder: string;
  /** The socket for clients in this very process: a short path, however long that of the folder is. */
  readonly socketPath: string;
  /** What was asked for and refused since the last call, each once, with why; at most 20. */
  takeRefused(): readonly string[];
}

/** Connections at a time; further ones are cut. Each holds at most some hundred KiB. */
const connectionLimit = 512;
const refusedLimit = 20;

/**
 * Opens an HTTP proxy on a unix socket: tunnels by CONNECT and plain requests in absolute form, both streamed. TLS goes
 * through as it is.
 * @param folder made; only its owner may enter it
 */
export async function openStepProxy(folder: string, policy: NetworkPolicy): Promise<StepProxy> {
  const refused = new Set<string>();
  const ending = new AbortController();
  const context: ProxyContext = {
    policy,
    agents: makeAgents(),
    tunnels: new Set(),
    noteRefused: (text) => {
      if (refused.size < refusedLimit) refused.add(text);
    },
    signal: ending.signal,
  };
  const server = makeServer(context);
  const { socketPath, unlisten } = await listen(server, folder);
  return {
    folder,
    socketPath,
    takeRefused: () => {
      const taken = [...refused];
      refused.clear();
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      for (const stream of context.tunnels) stream.destroy();
      for (const agent of Object.values(context.agents)) agent.destroy();
      server.closeAllConnections();
      await unlisten();
    },
  };
}

function makeServer(context: ProxyContext): Server {
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    void answerRequest(request, response, context);
  });
  server.maxConnections = connectionLimit;
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    void openTunnel(request.url ?? "", client, head, context);
  });
  server.on("clientError", (_error, client) => client.destroy());
  return server;
}

/**
 * Listens on a socket in a new folder. A socket's path has at most 107 bytes, and those of caches are long: through the
 * folder's descriptor it is always short.
 */
async function listen(
  server: Server,
  folder: string,
): Promise<{ readonly socketPath: string; readonly unlisten: () => Promise<void> }> {
  await mkdir(folder, { mode: 0o700 });
  const handle = await open(folder);
  const socketPath = `/proc/self/fd/${handle.fd}/${socketName}`;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(socketPath, resolve);
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
  const unlisten = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
    await handle.close();
    await rm(join(folder, socketName), { force: true });
  };
  return { socketPath, unlisten };
}
