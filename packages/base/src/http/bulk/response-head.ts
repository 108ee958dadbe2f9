/** What stands before the body of an HTTP/1.1 answer. */
export interface ResponseHead {
  readonly statusCode: number;
  /** Names in lower case; several lines of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: BodyFraming;
  /** Whether the connection may be used again when the body has been read. */
  readonly isKept: boolean;
}

/** How the end of a body is known: by its length, by its last chunk, or by the end of the connection. */
export type BodyFraming =
  | { readonly kind: "length"; readonly sizeBytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

/** No server needs more; what does is none, or means harm. */
const limitBytes = 2 ** 16;
const separator = "\r\n\r\n";
const tokenForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Parses the head at the beginning of what a server sent; interim answers (1xx) before it are left out.
 * @returns with the bytes up to the body; undefined when the head is not complete yet
 * @throws Error when it is no HTTP/1 answer, is ambiguous about its length, or has more than 64 KiB
 * Source: RFC 9112, sections 4 to 6
 */
export function tryParseResponseHead(
  bytes: Buffer,
): { readonly head: ResponseHead; readonly headBytes: number } | undefined {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(separator, start, "latin1");
    if (end < 0) {
      if (bytes.length - start > limitBytes) throw new Error("the head of an answer has more than 64 KiB");
      return undefined;
    }
    const head = parseHead(bytes.toString("latin1", start, end));
    start = end + separator.length;
    if (head.statusCode >= 200) return { head, headBytes: start };
    if (head.statusCode === 101) throw new Error("the server changes to another protocol");
  }
}

function parseHead(text: string): ResponseHead {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine) ?? [];
  if (status === undefined) throw new Error(`an answer begins with "${statusLine.slice(0, 60)}"`);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>; // `__proto__` is a name too
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!tokenForm.test(name)) throw new Error(`a header of an answer is malformed: "${line.slice(0, 60)}"`);
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const statusCode = Number(status);
  const framing = framingOf(statusCode, headers);
  const words = (headers["connection"] ?? "").toLowerCase();
  const isKept = minor === "1" && framing.kind !== "close" && !/\bclose\b/.test(words);
  return { statusCode, headers, framing, isKept };
}

function framingOf(statusCode: number, headers: Readonly<Record<string, string>>): BodyFraming {
  if (statusCode === 204 || statusCode === 304) return { kind: "length", sizeBytes: 0 };
  const encoding = headers["transfer-encoding"];
  const length = headers["content-length"];
  if (encoding !== undefined) {
    if (length !== undefined || encoding.toLowerCase() !== "chunked") {
      throw new Error(`an answer comes as "${encoding}", with a length of ${length ?? "none"}`);
    }
    return { kind: "chunked" };
  }
  if (length === undefined) return statusCode < 200 ? { kind: "length", sizeBytes: 0 } : { kind: "close" };
  if (!/^\d{1,15}$/.test(length)) throw new Error(`an answer has the length "${length.slice(0, 60)}"`);
  return { kind: "length", sizeBytes: Number(length) };
}
