import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A file that a server gives. */
export interface ServedFile {
  readonly type?: string;
  readonly content: Buffer | string;
}

/** A running server of files. */
export interface FileServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves files of memory on loopback; what is asked for otherwise is not found. */
export async function serveFiles(filesOf: (url: string) => ReadonlyMap<string, ServedFile>): Promise<FileServer> {
  let files: ReadonlyMap<string, ServedFile> = new Map();
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    response.writeHead(file === undefined ? 404 : 200, { "content-type": file?.type ?? "application/octet-stream" });
    response.end(file?.content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  const url = `http://127.0.0.1:${port}`;
  files = filesOf(url);
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
