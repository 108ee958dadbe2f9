import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** A real HTTP registry on a port of loopback, for tests: pulls only, with faults on demand. */
export interface RegistryServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `METHOD path` of every request so far. */
  readonly requests: string[];
  /** Headers of the requests, in the same order. */
  readonly headers: IncomingMessage["headers"][];
  /** Called before every answer; true when it answered itself. */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly blobs: Map<string, Uint8Array>;
  /** By tag or digest. */
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Uint8Array }>;
}

/** How the server treats its callers. */
export interface RegistryServerOptions {
  /** Wants a bearer token from its own token server, for `user:password` or anybody. */
  readonly auth?: { readonly user: string; readonly password: string } | "anonymous-token" | "none";
}

export function digestOf(bytes: Uint8Array): `sha256:${string}` {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Starts the server on a free port. */
export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const server = createServer((request, response) => {
    registry.requests.push(`${request.method} ${request.url}`);
    registry.headers.push(request.headers);
    if (registry.fault(request, response)) return;
    answer(registry, options, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server has one
  const registry: RegistryServer = {
    host: `127.0.0.1:${port}`,
    requests: [],
    headers: [],
    fault: () => false,
    blobs: new Map(),
    manifests: new Map(),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return registry;
}

const token = "token-of-the-test";

function answer(
  registry: RegistryServer,
  options: RegistryServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { auth = "none" } = options;
  const url = new URL(request.url ?? "", `http://${registry.host}`);
  if (url.pathname === "/token") {
    const expected =
      typeof auth === "object" ? `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString("base64")}` : undefined;
    const isWelcome = expected === undefined || request.headers.authorization === expected;
    response.writeHead(isWelcome ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(isWelcome ? { token } : { errors: [{ code: "DENIED", message: "wrong password" }] }));
    return;
  }
  if (auth !== "none" && request.headers.authorization !== `Bearer ${token}`) {
    const challenge = `Bearer realm="http://${registry.host}/token",service="test",scope="repository:a/b:pull"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return;
  }
  const [, kind, name = ""] = /^\/v2\/.+\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
  const manifest = kind === "manifests" ? registry.manifests.get(name) : undefined;
  const bytes = manifest?.bytes ?? (kind === "blobs" ? registry.blobs.get(name) : undefined);
  if (bytes === undefined) {
    response.writeHead(404).end(JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "unknown here" }] }));
    return;
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? "0");
  response.writeHead(from > 0 ? 206 : 200, {
    "content-type": manifest?.type ?? "application/octet-stream",
    "content-length": String(bytes.length - from),
  });
  response.end(bytes.subarray(from));
}

/** Bytes that do not compress, so that a layer of them is long enough to be cut. */
const longBytes = Buffer.concat(
  Array.from({ length: 3_000 }, (_, index) => createHash("sha256").update(String(index)).digest()),
);

/**
 * Stores an image of one gzip layer under `latest`, as an index of two platforms.
 * @param tar what the layer unpacks to
 * @returns its parts
 */
export function storeImage(
  registry: RegistryServer,
  tar: Uint8Array = longBytes,
): { layer: Uint8Array; manifestDigest: string } {
  const layer = gzipSync(tar);
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Env: ["A=1"], Cmd: ["sh"] },
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
    }),
  );
  const descriptor = (bytes: Uint8Array, mediaType: string): object => {
    registry.blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(config, "application/vnd.oci.image.config.v1+json"),
      layers: [descriptor(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
    }),
  );
  const entry = (architecture: string, digest: string): object => ({
    mediaType: manifestType,
    digest,
    size: manifest.length,
    platform: { os: "linux", architecture },
  });
  const other = `sha256:${"0".repeat(64)}`;
  const indexType = "application/vnd.oci.image.index.v1+json";
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [entry("s390x", other), entry("amd64", digestOf(manifest))],
    }),
  );
  registry.manifests.set("latest", { type: indexType, bytes: index });
  registry.manifests.set(digestOf(manifest), { type: manifestType, bytes: manifest });
  return { layer, manifestDigest: digestOf(manifest) };
}
