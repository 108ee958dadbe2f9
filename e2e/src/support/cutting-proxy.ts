import { createServer, connect, type Socket } from "node:net";

/** A way to a server that breaks. */
export interface CuttingProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Bytes that the server sent through it. */
  readonly passedBytes: number;
}

/**
 * Hands connections on to a server of this machine.
 * @param url of the server
 * @param breaksAt a request in which this is found breaks its connection, each time; none when left out
 */
export async function startCuttingProxy(url: string, breaksAt?: RegExp): Promise<CuttingProxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let passedBytes = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {}); // it was broken on purpose
      socket.once("close", () => sockets.delete(socket));
    }
    client.on("data", (chunk) => {
      if (breaksAt?.test(chunk.toString("latin1")) !== true) return;
      client.destroy();
      upstream.destroy();
    });
    upstream.on("data", (chunk) => (passedBytes += chunk.length));
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
  return {
    url: `http://127.0.0.1:${address.port}`,
    get passedBytes() {
      return passedBytes;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
