import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAppError, Secret, type AppError } from "@repo2singularity/base";
import type { Transport } from "@repo2singularity/base/http";
import type { CredentialSource } from "../auth/credentials.ts";
import { openRegistryTransport } from "../http/errors.ts";
import type { OciImage } from "../oci/model.ts";
import { parseReference, type RegistryReference } from "../reference/parse-reference.ts";
import { pullImage, type PullOptions } from "./pull-image.ts";
import {
  startRegistry,
  storeImage,
  type RegistryServer,
  type RegistryServerOptions,
} from "./registry-server.fixture.ts";

let transport: Transport;
const toDispose: AsyncDisposable[] = [];
beforeEach(async () => {
  transport = await openRegistryTransport({ connectTimeoutMs: 2_000, idleTimeoutMs: 2_000 });
  toDispose.push(transport);
});
afterEach(async () => {
  for (const one of toDispose.splice(0)) await one[Symbol.asyncDispose]();
});

async function registryWith(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const registry = await startRegistry(options);
  toDispose.push(registry);
  return registry;
}

function referenceTo(text: string): RegistryReference {
  const reference = parseReference(`docker://${text}`, { cwd: "/" });
  if (reference.kind !== "docker") throw new Error("not a registry reference");
  return reference;
}

function pull(text: string, options: Partial<PullOptions> = {}): Promise<OciImage> {
  return pullImage(referenceTo(text), {
    transport,
    platform: { os: "linux", architecture: "amd64" },
    retryPolicy: { attemptCount: 4, firstPauseMs: 1, totalMs: 5_000 },
    ...options,
  });
}

async function read(image: OciImage): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of image.layers[0]?.open() ?? []) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

async function errorOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

test("pulls the platform's image of an index, anonymously by a token", async () => {
  const registry = await registryWith({ auth: "anonymous-token" });
  const { layer, manifestDigest } = storeImage(registry);

  const image = await pull(`${registry.host}/a/b`);

  expect(image.digest).toBe(manifestDigest);
  expect(image.config.config?.Cmd).toEqual(["sh"]);
  expect((await read(image)).equals(layer)).toBe(true);
  expect(registry.requests.filter((line) => line.startsWith("GET /token"))).toEqual([
    "GET /token?service=test&scope=repository%3Aa%2Fb%3Apull",
  ]);
});

test("logs in with credentials, and tells a wrong password in the registry's words", async () => {
  const registry = await registryWith({ auth: { user: "me", password: "right" } });
  storeImage(registry);
  const withPassword =
    (password: string): CredentialSource =>
    async () => ({ kind: "password", user: "me", password: new Secret(password) });

  const image = await pull(`${registry.host}/a/b`, { credentials: withPassword("right") });
  const error = await errorOf(pull(`${registry.host}/a/b`, { credentials: withPassword("wrong-secret") }));

  expect(image.layers).toHaveLength(1);
  expect(error).toMatchObject({ code: "E_REGISTRY_AUTH" });
  expect(error.message).toContain("wrong password");
  expect(error.message).not.toContain("wrong-secret");
});

test("a missing image, a missing platform and a malformed document have their codes", async () => {
  const registry = await registryWith();
  storeImage(registry);
  registry.manifests.set("broken", { type: "application/json", bytes: Buffer.from('{"schemaVersion":2}') });
  const arm = { os: "linux", architecture: "arm64" };

  expect((await errorOf(pull(`${registry.host}/a/b:none`))).code).toBe("E_REGISTRY_NOT_FOUND");
  expect((await errorOf(pull(`${registry.host}/a/b`, { platform: arm }))).message).toContain(
    "linux/s390x, linux/amd64",
  );
  expect((await errorOf(pull(`${registry.host}/a/b:broken`))).code).toBe("E_OCI_INVALID");
});

describe("faults", () => {
  test("429 and 503 are tried again", async () => {
    const registry = await registryWith();
    storeImage(registry);
    const answers = [429, 503];
    registry.fault = (_, response) => {
      const status = answers.shift();
      if (status === undefined) return false;
      response.writeHead(status, { "retry-after": "0" }).end();
      return true;
    };

    expect((await pull(`${registry.host}/a/b`)).layers).toHaveLength(1);
  });

  test("a registry that stays busy is told as such after the last try", async () => {
    const registry = await registryWith();
    registry.fault = (_, response) => {
      response.writeHead(429).end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}');
      return true;
    };

    const error = await errorOf(pull(`${registry.host}/a/b`));

    expect(error).toMatchObject({ code: "E_REGISTRY_NETWORK", retryable: true });
    expect(error.message).toContain("slow down");
    expect(registry.requests).toHaveLength(4);
  });

  test("a connection reset in the middle of a layer is taken up where it broke", async () => {
    const registry = await registryWith();
    const { layer } = storeImage(registry);
    const image = await pull(`${registry.host}/a/b`);
    let resets = 2;
    registry.fault = (request, response) => {
      if (resets-- <= 0) return false;
      const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? "0");
      response.writeHead(from > 0 ? 206 : 200, { "content-length": String(layer.length - from) });
      response.write(layer.subarray(from, from + 1000), () => setTimeout(() => request.socket.destroy(), 30));
      return true;
    };

    expect((await read(image)).equals(layer)).toBe(true);
    expect(registry.headers.map(({ range }) => range).filter((range) => range !== undefined)).toEqual([
      "bytes=1000-",
      "bytes=2000-",
    ]);
  });

  test("a server without ranges is read again from the front", async () => {
    const registry = await registryWith();
    const { layer } = storeImage(registry);
    const image = await pull(`${registry.host}/a/b`);
    let isFirst = true;
    registry.fault = (request, response) => {
      response.writeHead(200, { "content-length": String(layer.length) });
      if (isFirst) response.write(layer.subarray(0, 5000), () => setTimeout(() => request.socket.destroy(), 30));
      else response.end(layer);
      isFirst = false;
      return true;
    };

    expect((await read(image)).equals(layer)).toBe(true);
  });

  test("a layer that is cut for good ends with an error, not with half a layer", async () => {
    const registry = await registryWith();
    const { layer } = storeImage(registry);
    const image = await pull(`${registry.host}/a/b`);
    registry.fault = (_, response) => {
      response.writeHead(200).end(layer.subarray(0, 1000));
      return true;
    };

    expect((await errorOf(read(image))).code).toBe("E_REGISTRY_NETWORK");
  });

  test("wrong bytes and too many bytes are refused", async () => {
    const registry = await registryWith();
    const { layer } = storeImage(registry);
    const image = await pull(`${registry.host}/a/b`);
    const flipped = Uint8Array.from(layer);
    flipped[500] = (flipped[500] ?? 0) ^ 1;
    const bodies = [flipped, Buffer.concat([layer, layer])];
    registry.fault = (_, response) => {
      response.writeHead(200).end(bodies.shift());
      return true;
    };

    expect((await errorOf(read(image))).code).toBe("E_OCI_DIGEST_MISMATCH");
    expect((await errorOf(read(image))).code).toBe("E_OCI_DIGEST_MISMATCH");
  });

  test("a token is not sent along to where a blob is redirected", async () => {
    const registry = await registryWith({ auth: "anonymous-token" });
    const storage = await registryWith();
    const { layer } = storeImage(registry);
    storeImage(storage);
    registry.fault = (request, response) => {
      if (!request.url?.includes("/blobs/")) return false;
      response.writeHead(307, { location: `http://${storage.host}${request.url}` }).end();
      return true;
    };

    expect((await read(await pull(`${registry.host}/a/b`))).equals(layer)).toBe(true);
    expect(storage.headers.every(({ authorization }) => authorization === undefined)).toBe(true);
    expect(registry.headers.some(({ authorization }) => authorization !== undefined)).toBe(true);
  });

  test("redirects in a circle end", async () => {
    const registry = await registryWith();
    registry.fault = (request, response) => {
      response.writeHead(302, { location: request.url ?? "/" }).end();
      return true;
    };

    expect((await errorOf(pull(`${registry.host}/a/b`))).code).toBe("E_REGISTRY_PROTOCOL");
  });

  test("a host that is not there is told at once", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const address = closed.address();
    closed.close();
    const port = typeof address === "object" && address !== null ? address.port : 1;
    const startMs = performance.now();

    const error = await errorOf(pull(`127.0.0.1:${port}/a/b`));

    expect(error).toMatchObject({ code: "E_REGISTRY_NETWORK", retryable: false });
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });

  test("an abort passes through untouched", async () => {
    const registry = await registryWith();
    registry.fault = () => true; // never answers
    const signal = AbortSignal.timeout(50);

    await expect(pull(`${registry.host}/a/b`, { signal })).rejects.toMatchObject({ name: "TimeoutError" });
  });
});

test("a mirror of Docker Hub is asked first, by its path", async () => {
  const registry = await registryWith();
  storeImage(registry);

  const image = await pull("debian:latest", { dockerHubMirror: `${registry.host}/hub` });

  expect(image.reference).toBe("docker://debian:latest");
  expect(registry.requests[0]).toBe("GET /v2/hub/library/debian/manifests/latest");
});

test("a proxy is used for every host but those it is not for", async () => {
  const registry = await registryWith();
  storeImage(registry);
  const proxy = await startProxy();
  toDispose.push(proxy);
  const proxied = await openRegistryTransport({ proxies: { http: proxy.url } });
  const direct = await openRegistryTransport({ proxies: { http: proxy.url, none: "127.0.0.1" } });
  toDispose.push(proxied, direct);

  await pull(`${registry.host}/a/b`, { transport: direct });
  expect(proxy.targets).toEqual([]);
  await pull(`${registry.host}/a/b`, { transport: proxied });
  expect(new Set(proxy.targets)).toEqual(new Set([registry.host]));
});

/** A proxy for plain HTTP that notes where it is asked to connect, in both of the ways there are. */
async function startProxy(): Promise<AsyncDisposable & { readonly url: string; readonly targets: string[] }> {
  const targets: string[] = [];
  const server = createHttpServer((request, response) => {
    const target = new URL(request.url ?? "");
    targets.push(target.host);
    request.pipe(
      httpRequest(target, { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on("connect", (request, socket) => {
    targets.push(request.url ?? "");
    const [host, port] = (request.url ?? "").split(":");
    const upstream = connect(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    socket
      .pipe(upstream)
      .on("error", () => {})
      .pipe(socket)
      .on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const dispose = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, targets, [Symbol.asyncDispose]: dispose };
}

const hasSkopeo = await new Promise<boolean>((resolve) => {
  execFile("skopeo", ["--version"], (error) => resolve(error === null));
});

test.runIf(hasSkopeo)("the fixture is a registry that skopeo can read", async () => {
  const registry = await registryWith({ auth: "anonymous-token" });
  storeImage(registry);

  const stdout = await new Promise<string>((resolve) => {
    const args = ["inspect", "--raw", "--tls-verify=false", `docker://${registry.host}/a/b:latest`];
    execFile("skopeo", args, (_, text) => resolve(text));
  });

  expect(stdout).toContain('"manifests"');
});
