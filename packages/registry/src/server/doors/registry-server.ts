import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { DoorOptions } from "./http/door-options.ts";
import { catalogueDoor } from "./catalogue/catalogue-door.ts";
import { filesDoor } from "./files/files-door.ts";
import { keysDoor } from "./keys/keys-door.ts";
import { libraryDoor } from "./library/library-door.ts";
import { ociDoor } from "./oci/oci-door.ts";
import { shubDoor } from "./shub/shub-door.ts";
import { tokensDoor } from "./tokens/tokens-door.ts";

/** How the server of one registry is made. */
export interface RegistryServerOptions extends DoorOptions {
  /** Where requests and failures are logged, as JSON lines of pino; nowhere when left out. */
  readonly log?: { readonly level: string; readonly stream: { write(text: string): unknown } };
  /** Whether `X-Forwarded-*` headers are believed: only behind a proxy that sets them. */
  readonly trustProxy?: boolean;
}

/** Longer than the idle limits of usual proxies, so that they and not we close idle connections. */
const keepAliveMs = 120_000;
/** Time for the headers of a request; bodies and answers have none, since images are large and builds are slow. */
const headersMs = 60_000;

/** All doors of one registry on one server that does not listen yet. */
export async function createRegistryServer(options: RegistryServerOptions): Promise<FastifyInstance> {
  const { log, trustProxy = false, ...door } = options;
  const app: FastifyInstance = fastify({
    logger:
      log === undefined
        ? false
        : { level: log.level, stream: streamOf(log.stream), serializers: { req: describeRequest } },
    trustProxy,
    exposeHeadRoutes: false,
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    routerOptions: { maxParamLength: 2000, caseSensitive: true },
    forceCloseConnections: "idle",
  });
  app.server.headersTimeout = headersMs;
  app.addHook("preClose", async () => closeAsTheyEnd(app));
  const doors = [ociDoor, libraryDoor, tokensDoor, keysDoor, shubDoor, catalogueDoor, filesDoor];
  for (const plugin of doors) await app.register(plugin, door);
  return app;
}

/** A connection that was busy when the closing began would stay open until its idle limit. */
function closeAsTheyEnd({ server }: FastifyInstance): void {
  const timer = setInterval(() => server.closeIdleConnections(), 100);
  server.once("close", () => clearInterval(timer));
}

function streamOf(stream: { write(text: string): unknown }): { write(text: string): void } {
  return { write: (text) => void stream.write(text) };
}

/** What is logged of a request: no headers, and no addresses that are secrets. */
function describeRequest({ method, url, ip }: FastifyRequest): { [key: string]: unknown } {
  return { method, url: url.replace(/^(\/library\/uploads\/)[^/?]+/, "$1****"), remoteAddress: ip };
}
