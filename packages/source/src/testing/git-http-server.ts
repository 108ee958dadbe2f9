import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** Whether this host's git can serve over http; Debian has that in the `git` package, others apart. */
export const hasGitBackend: boolean = existsSync(
  join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend"),
);

/** A git server over http on a free port of this host. */
export interface GitHttpServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The Authorization header of every request, in order. */
  readonly authorizations: readonly (string | undefined)[];
}

/** Serves the repositories under a folder with `git http-backend`, the program of git's own for that. */
export async function serveGitOverHttp(options: {
  readonly root: string;
  /** `user:password` that every request must bring; no one is asked when left out. */
  readonly basicAuth?: string;
}): Promise<GitHttpServer> {
  const authorizations: (string | undefined)[] = [];
  const expected = `Basic ${Buffer.from(options.basicAuth ?? "").toString("base64")}`;
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    if (options.basicAuth !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end();
    } else {
      runBackend(options.root, request, response);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // a server that listens on a port has an address of this kind
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    authorizations,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function runBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  const backend = spawn("git", ["-c", "safe.directory=*", "http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: request.headers["git-protocol"]?.toString(),
      REQUEST_METHOD: request.method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"],
      CONTENT_LENGTH: request.headers["content-length"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
    },
  });
  request.pipe(backend.stdin);
  backend.stdin.on("error", () => {}); // the backend may answer before it has read everything
  let head = Buffer.alloc(0);
  backend.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const headers = head.subarray(0, end).toString("latin1").split("\r\n");
    const pairs = headers.map((line): [string, string] => [line.replace(/:.*/, ""), line.replace(/^[^:]*:\s*/, "")]);
    const status = pairs.find(([name]) => name.toLowerCase() === "status")?.[1];
    response.writeHead(Number.parseInt(status ?? "200", 10), Object.fromEntries(pairs));
    response.write(head.subarray(end + 4));
  });
  backend.stdout.on("end", () => response.end());
}
