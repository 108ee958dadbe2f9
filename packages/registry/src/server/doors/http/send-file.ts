import type { FileHandle } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import type { ByteRange } from "@repo2singularity/store/objects";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What one answer holds in memory; more does not make it faster, and hundreds of clients may be served at once. */
const bufferBytes = 2 ** 17;

/**
 * Answers with bytes of a file, under the status and headers that the reply has, and closes the file.
 *
 * One buffer is filled and sent again and again, where a stream takes a new one for every chunk: that costs half the
 * processor's time. The next bytes are read when the kernel has taken the last ones, so slow clients hold one buffer.
 * An answer that cannot be finished is cut off, so that its client notices.
 * @param range within the file, not empty
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileHandle,
  range: ByteRange,
): Promise<void> {
  await using _open = file;
  reply.hijack();
  const response = reply.raw;
  response.on("error", () => {}); // a client that goes away is noticed below
  try {
    response.writeHead(reply.statusCode, definedHeaders(reply));
    await sendRange(response, file, range);
    response.end();
  } catch (error) {
    if (!response.destroyed) request.log.error({ err: error }, "an answer was cut off");
    response.destroy();
  }
}

async function sendRange(response: ServerResponse, file: FileHandle, { start, end }: ByteRange): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(bufferBytes, end - start));
  for (let position = start; position < end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - position), position);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${position}, expected ${end}`);
    await writeChunk(response, buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** Resolves when the kernel has the chunk; rejects when the client is gone. */
function writeChunk(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error("the client is gone"));
    if (response.destroyed) return onClose();
    response.once("close", onClose);
    response.write(chunk, (error) => {
      response.off("close", onClose);
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

function definedHeaders(reply: FastifyReply): Record<string, number | string | string[]> {
  const headers: Record<string, number | string | string[]> = {};
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
