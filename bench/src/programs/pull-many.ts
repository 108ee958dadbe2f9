import { connect } from "node:net";

/**
 * `node pull-many.ts URL COUNT BYTES`: so many clients that ask for one file at once, each on a connection of its own.
 * All read into one buffer and keep nothing, so that the server is what is measured. Fails when one gets another answer
 * than 200, or another length.
 */
const [address = "", count = "", sizeText = ""] = process.argv.slice(2);
const url = new URL(address);
const sizeBytes = Number(sizeText);
const buffer = Buffer.allocUnsafe(2 ** 18);
const headEnd = "\r\n\r\n";

await Promise.all(Array.from({ length: Number(count) }, () => pullOnce()));

function pullOnce(): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = "";
    let headBytes = 0;
    let seenBytes = 0;
    const onChunk = (length: number): boolean => {
      if (headBytes === 0) {
        head += buffer.toString("latin1", 0, length);
        const end = head.indexOf(headEnd);
        if (end >= 0) headBytes = end + headEnd.length;
      }
      seenBytes += length;
      return true;
    };
    const socket = connect({
      host: url.hostname,
      port: Number(url.port),
      onread: { buffer, callback: onChunk },
    });
    socket.once("error", reject);
    socket.once("close", () => {
      const isWhole = head.startsWith("HTTP/1.1 200 ") && seenBytes - headBytes === sizeBytes;
      if (isWhole) resolve();
      else reject(new Error(`${url.href}: ${head.split("\r\n", 1)[0]}, ${seenBytes - headBytes} bytes`));
    });
    socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close${headEnd}`);
  });
}
