import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

/** A synthetic channel of Nix on loopback that leads to its releases, as `nixos.org/channels` does. */
export interface NixChannel extends AsyncDisposable {
  readonly url: string;
  /**
   * Makes a release that the channel leads to from now on.
   * @param expression its `default.nix`
   */
  publish(name: string, expression: string): void;
}

/** Serves the channel under `/channels` and its releases under `/releases`, the newest also as `latest.tar.xz`. */
export async function serveNixChannel(folder: string): Promise<NixChannel> {
  let latest = "";
  const releaseOf = (name: string): string => `/releases/nixpkgs/${name}/nixexprs.tar.xz`;
  const server = createServer((request, response) => {
    if (request.url === "/channels/nixpkgs-unstable/nixexprs.tar.xz") {
      response.writeHead(302, { location: releaseOf(latest) }).end();
      return;
    }
    const name =
      request.url === "/releases/latest.tar.xz" ? latest : /nixpkgs\/([\w.-]+)\//.exec(request.url ?? "")?.[1];
    response.end(readFileSync(path.join(folder, `${name}.tar.xz`)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return {
    url: `http://127.0.0.1:${port}`,
    publish: (name, expression) => {
      mkdirSync(path.join(folder, name));
      writeFileSync(path.join(folder, name, "default.nix"), expression);
      writeFileSync(path.join(folder, name, ".git-revision"), `${name}-revision`);
      execFileSync("tar", ["-cJf", `${name}.tar.xz`, name], { cwd: folder });
      latest = name;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
