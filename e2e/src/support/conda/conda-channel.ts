import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { zstdCompressSync } from "node:zlib";
import type { CondaArchive } from "./conda-package.ts";

/** A running conda channel. */
export interface CondaChannel extends AsyncDisposable {
  /** Root of the server; the channel is `conda-forge` below it. */
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
}

/** Serves packages as the channel `conda-forge` on loopback, its lists of packages plain and compressed. */
export async function serveCondaChannel(archives: readonly CondaArchive[]): Promise<CondaChannel> {
  const files = new Map<string, Buffer>();
  for (const subdir of ["linux-64", "noarch"]) {
    const own = archives.filter((archive) => archive.subdir === subdir);
    const list = (ending: string): Record<string, unknown> =>
      Object.fromEntries(own.filter(({ file }) => file.endsWith(ending)).map(({ file, record }) => [file, record]));
    const repodata = Buffer.from(
      JSON.stringify({
        info: { subdir },
        packages: list(".tar.bz2"),
        "packages.conda": list(".conda"),
        repodata_version: 1,
      }),
    );
    files.set(`/conda-forge/${subdir}/repodata.json`, repodata);
    files.set(`/conda-forge/${subdir}/repodata.json.zst`, zstdCompressSync(repodata));
    for (const { file, content } of own) files.set(`/conda-forge/${subdir}/${file}`, content);
  }
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    const content = files.get(request.url ?? "");
    if (content === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": content.length }).end(request.method === "HEAD" ? "" : content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
