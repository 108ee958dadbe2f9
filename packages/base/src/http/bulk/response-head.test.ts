import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChunkedDecoder } from "./chunked.ts";
import { tryParseResponseHead } from "./response-head.ts";

const parse = (text: string): ReturnType<typeof tryParseResponseHead> =>
  tryParseResponseHead(Buffer.from(text, "latin1"));

describe("the head of an answer", () => {
  test("gives status, headers and where the body begins, interim answers left out", () => {
    const text =
      "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nWarning: a\r\nwarning:b\r\n\r\n";

    const found = parse(`${text}abc`);

    expect(found?.headBytes).toBe(text.length);
    expect(found?.head).toMatchObject({
      statusCode: 206,
      headers: { "content-length": "3", warning: "a, b" },
      framing: { kind: "length", sizeBytes: 3 },
      isKept: true,
    });
  });

  test("is waited for until its last byte", () => {
    const text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for (let length = 0; length < text.length; length += 1) expect(parse(text.slice(0, length))).toBeUndefined();
    expect(parse(text)).toBeDefined();
  });

  test.each([
    ["content-length: 5", { kind: "length", sizeBytes: 5 }, true],
    ["transfer-encoding: chunked", { kind: "chunked" }, true],
    ["content-length: 5\r\nconnection: close", { kind: "length", sizeBytes: 5 }, false],
    ["x: y", { kind: "close" }, false],
  ])("with %s says how its body ends, and whether the connection lasts", (line, framing, isKept) => {
    expect(parse(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`)?.head).toMatchObject({ framing, isKept });
  });

  test.each([
    "HTTP/2 200 OK",
    "SSH-2.0-OpenSSH_9.2",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6",
    "HTTP/1.1 200 OK\r\ncontent-length: -1",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked",
    "HTTP/1.1 200 OK\r\nno colon",
    "HTTP/1.1 200 OK\r\nx : y",
    "HTTP/1.1 101 Switching Protocols",
  ])("that is ambiguous or no HTTP is refused: %j", (text) => {
    expect(() => parse(`${text}\r\n\r\n`)).toThrow();
  });

  test("has an end", () => {
    expect(() => parse(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`)).toThrow("more than 64 KiB");
  });
});

describe("a chunked body", () => {
  const encode = (chunks: readonly Uint8Array[]): Buffer =>
    Buffer.concat([
      ...chunks.flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)};x=y\r\n`), chunk, Buffer.from("\r\n")]),
      Buffer.from("0\r\nTrailer: z\r\n\r\n"),
    ]);

  test("is the same in whatever pieces it arrives", () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 5 }),
        fc.array(fc.nat({ max: 300 }), { maxLength: 8 }),
        (chunks, cuts) => {
          const encoded = encode(chunks);
          const decoder = new ChunkedDecoder();
          const places = [0, ...cuts.map((cut) => cut % encoded.length).toSorted((a, b) => a - b), encoded.length];
          const found = places.flatMap((place, index) => decoder.push(encoded.subarray(place, places[index + 1])));

          expect(decoder.isEnded).toBe(true);
          expect(Buffer.concat(found).equals(Buffer.concat(chunks))).toBe(true);
        },
      ),
    );
  });

  test.each(["xyz\r\n", "5\nabcde", "3\r\nabcd\r\n", "0\r\n\r\nmore", `${"1".repeat(13)}\r\n`, ";".repeat(9000)])(
    "that is none is refused: %j",
    (text) => {
      expect(() => new ChunkedDecoder().push(Buffer.from(text))).toThrow();
    },
  );
});
