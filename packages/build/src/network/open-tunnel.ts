import type { Duplex } from "node:stream";
import { admit, Denial, denialOf, deniedTunnel } from "./denial.ts";
import { dialDirect, dialThrough } from "./dial.ts";
import type { ProxyContext } from "./proxy-context.ts";
import type { ProxiedTarget } from "./upstream-proxy.ts";

/**
 * Answers a CONNECT: joins the client's connection to one to the server, or says why not.
 * @param authority `HOST:PORT` as the client wrote it
 * @param head what the client sent before it had an answer
 */
export async function openTunnel(
  authority: string,
  client: Duplex,
  head: Buffer,
  context: ProxyContext,
): Promise<void> {
  keep(client, context);
  let target: ProxiedTarget = { kind: "connect", host: authority, port: 0 };
  try {
    target = parseTarget(authority);
    const server = await dial(target, context);
    keep(server, context);
    if (client.destroyed) {
      server.destroy();
      return;
    }
    join(client, server);
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) server.write(head);
  } catch (error) {
    client.end(deniedTunnel(denialOf(error, target)));
  }
}

function parseTarget(authority: string): ProxiedTarget {
  const { bracketed, plain, port } =
    /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:\s]+)):(?<port>\d{1,5})$/.exec(authority)?.groups ?? {};
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) throw new Denial(400, `${authority}: HOST:PORT is expected`);
  return { kind: "connect", host, port: Number(port) };
}

async function dial(target: ProxiedTarget, context: ProxyContext): Promise<Duplex> {
  const { policy, signal } = context;
  const way = await admit(target, context);
  if (way.kind === "direct") return dialDirect(target, way.addresses, signal);
  return dialThrough(way.proxy, target, { caBundle: policy.caBundle, signal });
}

/** Counts a connection until it is closed. */
function keep(stream: Duplex, { tunnels }: ProxyContext): void {
  tunnels.add(stream);
  stream.once("close", () => tunnels.delete(stream));
  stream.on("error", () => stream.destroy());
}

/** Hands on both directions, the end of each alone; when one side breaks, the other is cut. */
function join(client: Duplex, server: Duplex): void {
  client.once("close", () => server.destroy());
  server.once("close", () => client.destroy());
  client.pipe(server);
  server.pipe(client);
}
