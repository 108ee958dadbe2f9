import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { promisedDigest, tryParseSha256 } from "./promised-digest.ts";

const hex = "0123456789abcdef".repeat(4);
const base64 = Buffer.from(hex, "hex").toString("base64");

test.each([
  [{ "repr-digest": `sha-512=:AAAA:, sha-256=:${base64}:` }, `sha256:${hex}`],
  [{ digest: `SHA-256=${base64}` }, `sha256:${hex}`],
  [{ "x-checksum-sha256": hex }, `sha256:${hex}`],
  [{ "repr-digest": "sha-256=:AAAA:" }, undefined],
  [{ digest: "md5=AAAA" }, undefined],
  [{}, undefined],
])("the headers %j promise %s", (headers, expected) => {
  expect(promisedDigest({ statusCode: 200, headers, body: Readable.from([]), shownUrl: "x" })).toBe(expected);
});

test.each([
  [`${hex}  x.sif\n`, `sha256:${hex}`],
  [`${hex.toUpperCase()}\n`, `sha256:${hex}`],
  [`sha256:${hex}`, `sha256:${hex}`],
  [`${"f".repeat(64)}  y.sif\n${hex} *x.sif\n`, `sha256:${hex}`],
  [`${hex}0`, undefined],
  ["<html>", undefined],
])("the file %j promises %s", (text, expected) => {
  expect(tryParseSha256(text, "x.sif")).toBe(expected);
});
