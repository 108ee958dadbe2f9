import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A real HTTP server on a port of loopback that answers as libraries were measured to, for tests. */
export interface LibraryServerFixture extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  /** `METHOD path` of every request so far, without queries. */
  readonly requests: string[];
  /** Authorization of the same requests. */
  readonly authorizations: (string | undefined)[];
  /** By `entity/collection/container`, architecture and tag: the hash. */
  readonly tags: Map<string, string>;
  /** By hash. */
  readonly files: Map<string, Buffer>;
  apiVersion: string | undefined;
  knowsParts: boolean;
  partBytes: number;
  /** Wanted of every call of the API. */
  token: string | undefined;
  /** Called before every answer; true when it answered itself. */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean;
}

interface State {
  readonly entries: Map<string, string>;
  readonly uploads: Map<string, Buffer>;
}

/** Starts the server on a free port. */
export async function startLibrary(): Promise<LibraryServerFixture> {
  const state: State = { entries: new Map(), uploads: new Map() };
  const http = createServer((request, response) => {
    serve(library, state, request, response).catch(() => response.destroy()); // the client has gone
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo; // a TCP server has one
  const library: LibraryServerFixture = {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    requests: [],
    authorizations: [],
    tags: new Map(),
    files: new Map(),
    apiVersion: "2.0.0-alpha.2",
    knowsParts: true,
    partBytes: 30 * 2 ** 20,
    token: undefined,
    fault: () => false,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return library;
}

async function serve(
  library: LibraryServerFixture,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "", library.url);
  library.requests.push(`${request.method} ${url.pathname}`);
  library.authorizations.push(request.headers.authorization);
  if (library.fault(request, response)) return;
  const body = await readAll(request);
  const isOpen = /^\/(?:put|assets)\//.test(url.pathname);
  if (!isOpen && library.token !== undefined && request.headers.authorization !== `Bearer ${library.token}`) {
    return send(response, 401, { error: { code: 401, message: "this library wants a login" } });
  }
  answer({ library, state, url, body, method: request.method ?? "", headers: request.headers }, response);
}

interface Call {
  readonly library: LibraryServerFixture;
  readonly state: State;
  readonly url: URL;
  readonly body: Buffer;
  readonly method: string;
  readonly headers: IncomingMessage["headers"];
}

function answer(call: Call, response: ServerResponse): void {
  const { library, url, method } = call;
  const path = decodeURIComponent(url.pathname);
  const uri = { uri: library.url };
  if (path === "/assets/config/config.prod.json") return sendRaw(response, { libraryAPI: uri, keystoreAPI: uri });
  if (path === "/version") return send(response, 200, { data: { version: "1", apiVersion: library.apiVersion } });
  if (path === "/v1/search") return search(call, response);
  if (/^\/v1\/(?:entities|collections|containers)/.test(path)) return entries(call, path, response);
  if (path.startsWith("/v1/images") && method === "POST") return newImage(call, response);
  if (path.startsWith("/v1/images/")) return image(call, path.slice("/v1/images/".length), response);
  if (path.startsWith("/v1/imagefile/")) return imageFile(call, path.slice("/v1/imagefile/".length), response);
  if (path.startsWith("/v2/imagefile/")) return upload(call, path.slice("/v2/imagefile/".length), response);
  if (path.startsWith("/put/")) return store(call, path.slice("/put/".length), response);
  const container = /^\/v[12]\/tags\/(.+)$/.exec(path)?.[1];
  if (container !== undefined) return setTag(call, container, response);
  send(response, 404, { error: { code: 404, message: "no such route" } });
}

/** Ids are names with dots for slashes, so that tests can read them. */
function entries({ state, body, method }: Call, path: string, response: ServerResponse): void {
  const [, kind = "", name = ""] = /^\/v1\/(\w+)\/?(.*)$/.exec(path) ?? [];
  if (method === "GET") {
    const id = state.entries.get(`${kind} ${name}`);
    return id === undefined ? send(response, 404, {}) : send(response, 200, { data: { id } });
  }
  const wanted = JSON.parse(body.toString()) as Record<string, string>; // what the client under test wrote
  const parent = wanted["entity"] ?? wanted["collection"];
  const id = [parent, wanted["name"]].filter((part) => part !== undefined).join(".");
  state.entries.set(`${kind} ${id.replaceAll(".", "/")}`, id);
  send(response, 200, { data: { id } });
}

function newImage({ library, body }: Call, response: ServerResponse): void {
  const { hash = "" } = JSON.parse(body.toString()) as Record<string, string>; // what the client under test wrote
  send(response, 200, { data: { id: hash, uploaded: library.files.has(hash) } });
}

function find({ library, url }: Call, name: string): string | undefined {
  const colon = name.indexOf(":");
  const tag = name.slice(colon + 1);
  if (tag.startsWith("sha256.")) return library.files.has(tag) ? tag : undefined;
  return library.tags.get(`${name.slice(0, colon)} ${url.searchParams.get("arch")} ${tag}`);
}

function image(call: Call, name: string, response: ServerResponse): void {
  const hash = find(call, name);
  if (hash === undefined) return send(response, 404, { error: { code: 404, message: "no such image" } });
  if (call.method === "DELETE") {
    for (const [key, value] of call.library.tags) if (value === hash) call.library.tags.delete(key);
    return send(response, 200, {});
  }
  const size = call.library.files.get(hash)?.length;
  send(response, 200, { data: { id: hash, hash, size, uploaded: true } });
}

function imageFile(call: Call, name: string, response: ServerResponse): void {
  if (call.method === "POST") {
    call.library.files.set(name, call.body);
    return send(response, 200, {});
  }
  const content = call.library.files.get(find(call, name) ?? "");
  if (content === undefined) return send(response, 404, {});
  response.writeHead(200, { "content-length": content.length }).end(content);
}

function upload(call: Call, path: string, response: ServerResponse): void {
  const { library, state } = call;
  const [id = "", step = ""] = path.split("/");
  const body = JSON.parse(call.body.toString()) as {
    filesize?: number;
    partNumber?: number;
    completedParts?: { partNumber: number; token: string }[];
  }; // what the client under test wrote
  if (step === "") return send(response, 200, { data: { uploadURL: `${library.url}/put/${id}` } });
  if (step === "_multipart" && call.method === "POST") {
    if (!library.knowsParts) return send(response, 404, {});
    const totalParts = Math.ceil((body.filesize ?? 0) / library.partBytes);
    const data = { uploadID: "u", totalParts, partSize: library.partBytes, options: { s3compliant: "true" } };
    return send(response, 200, { data });
  }
  if (step === "_multipart") {
    return send(response, 200, { data: { presignedURL: `${library.url}/put/${id}.${body.partNumber}` } });
  }
  if (step === "_multipart_abort") return send(response, 200, {});
  const chunks = (body.completedParts ?? []).map(({ partNumber, token }) =>
    token === `"${partNumber}"` ? (state.uploads.get(`${id}.${partNumber}`) ?? Buffer.alloc(0)) : Buffer.alloc(0),
  );
  const content = step === "_complete" ? state.uploads.get(id) : Buffer.concat(chunks);
  const hash = `sha256.${createHash("sha256")
    .update(content ?? "")
    .digest("hex")}`;
  if (content === undefined || hash !== id) {
    return send(response, 400, { error: { code: 400, message: `content is ${hash}` } });
  }
  library.files.set(id, content);
  send(response, 200, { data: { quota: { quotaTotal: 0, quotaUsage: content.length }, containerUrl: "" } });
}

function store({ state, body, headers }: Call, name: string, response: ServerResponse): void {
  const number = name.split(".")[2];
  const sum = headers["x-amz-content-sha256"];
  if (number !== undefined && sum !== createHash("sha256").update(body).digest("hex")) return send(response, 400, {});
  if (headers.authorization !== undefined) return send(response, 400, {}); // storage refuses two ways of signing
  state.uploads.set(name, body);
  response.writeHead(200, number === undefined ? {} : { etag: `"${number}"` }).end();
}

function setTag({ library, body, url }: Call, container: string, response: ServerResponse): void {
  const { Arch = "amd64", Tag, ImageID = "" } = JSON.parse(body.toString()) as Record<string, string>; // as above
  const isOld = url.pathname.startsWith("/v1/");
  library.tags.set(`${container.replaceAll(".", "/")} ${isOld ? "amd64" : Arch} ${Tag}`, ImageID);
  response.writeHead(200).end();
}

function search({ library, url }: Call, response: ServerResponse): void {
  const image = [...library.tags].flatMap(([key, hash]) => {
    const [path = "", arch, tag] = key.split(" ");
    if (!path.includes(url.searchParams.get("value") ?? "") || arch !== url.searchParams.get("arch")) return [];
    const [entityName, collectionName, containerName] = path.split("/");
    return [{ entityName, collectionName, containerName, tags: [tag], hash, fingerprints: null }];
  });
  send(response, 200, { data: { image } });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendRaw(response: ServerResponse, body: object): void {
  response.end(JSON.stringify(body));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  // a request without an encoding gives bytes
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
