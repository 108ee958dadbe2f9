import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { storedZip } from "./stored-zip.ts";

/** User and password that a server demands. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A package index on loopback. */
export interface PythonIndex extends AsyncDisposable {
  /** Of its front page, with a slash at the end. */
  readonly url: string;
  /** Adds a package of one module, which has the version as `version`. */
  publish(name: string, version: string): void;
}

/** Serves a package index (PEP 503), for those who know the password when there is one. */
export async function servePythonIndex(login?: Login): Promise<PythonIndex> {
  const wheels = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const [, place = "", name = ""] = (request.url ?? "").split("/");
    const wheel = wheels.get(name);
    if (!isAllowed(request.headers.authorization, login)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="packages"' }).end();
    } else if (place === "files" && wheel !== undefined) {
      response.end(wheel);
    } else {
      const own = [...wheels].filter(([file]) => file.startsWith(`${name}-`));
      const html = own.map(([file, content]) => `<a href="/files/${file}#sha256=${sha256(content)}">${file}</a>`);
      response
        .writeHead(own.length === 0 ? 404 : 200, { "content-type": "text/html", "cache-control": "no-cache" })
        .end(html.join("\n"));
    }
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/simple/`,
    publish: (name, version) => {
      wheels.set(`${name}-${version}-py3-none-any.whl`, makeWheel(name, version));
    },
    [Symbol.asyncDispose]: () => close(server),
  };
}

/** Whether a request carries the password. */
export function isAllowed(authorization: string | undefined, login: Login | undefined): boolean {
  if (login === undefined) return true;
  return authorization === `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
}

/** Lets a server listen on a free port of loopback. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port; // a listening TCP server has one
}

/** Ends a server and its connections. */
export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Source: packaging.python.org, "Binary distribution format" */
function makeWheel(name: string, version: string): Buffer {
  const info = `${name}-${version}.dist-info`;
  const files: readonly [string, string][] = [
    [`${name}.py`, `version = "${version}"\n`],
    [`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`],
    [`${info}/WHEEL`, "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"],
  ];
  const record = files.map(([file, text]) => {
    const digest = createHash("sha256").update(text).digest("base64url");
    return `${file},sha256=${digest},${Buffer.byteLength(text)}`;
  });
  const all = [...files, [`${info}/RECORD`, [...record, `${info}/RECORD,,`, ""].join("\n")] as const];
  return storedZip(all.map(([file, text]) => [file, Buffer.from(text)]));
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
