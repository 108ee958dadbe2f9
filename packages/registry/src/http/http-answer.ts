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
