import type { Readable } from "node:stream";

/** What was answered, with redirects followed. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Must be read or destroyed by the caller. */
  readonly body: Readable;
  /** The address that answered, without secrets. */
  readonly shownUrl: string;
}

/** The first value of a header, `undefined` when there is none. */
export function headerOf(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Ends an answer whose body is not wanted, or not to its end. */
export function discardBody(answer: HttpAnswer): void {
  answer.body.on("error", () => {}); // a body that is cut off says so, and nobody else listens
  answer.body.destroy();
}

/**
 * The start of a body as text, for messages; the rest is thrown away.
 * @param limitBytes 64 KiB when left out
 */
export async function readCapped(answer: HttpAnswer, limitBytes: number = 65_536): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  // a body without an encoding gives bytes
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    parts.push(Uint8Array.from(chunk)); // those of a bulk answer lie in one buffer
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) break;
  }
  return Buffer.concat(parts).toString("utf8", 0, limitBytes);
}
