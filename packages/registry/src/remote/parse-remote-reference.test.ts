import { expect, test } from "vitest";
import { parseRemoteReference } from "./parse-remote-reference.ts";

const shub = { kind: "shub", host: "hub.example.org", prefix: "", tag: "latest", hash: undefined };

test.each([
  ["library://e/c/n:t", { kind: "library", host: undefined, path: "e/c/n", tags: ["t"] }],
  [
    "oras://127.0.0.1:5000/a/b:1",
    { kind: "oras", host: "127.0.0.1:5000", repository: "a/b", tag: "1", digest: undefined },
  ],
  [
    "docker://debian",
    { kind: "docker", host: "docker.io", repository: "library/debian", tag: "latest", digest: undefined },
  ],
  ["shub://hub.example.org/ann/tool", { ...shub, user: "ann", name: "tool" }],
  ["shub://hub.example.org/a/b/ann/tool:1", { ...shub, prefix: "/a/b", user: "ann", name: "tool", tag: "1" }],
  ["shub://ann/tool", { ...shub, host: "singularity-hub.org", user: "ann", name: "tool" }],
  ["https://example.org/x.sif", { kind: "web", url: "https://example.org/x.sif" }],
  ["s3://bucket/a/x.sif", { kind: "s3", bucket: "bucket", key: "a/x.sif" }],
  ["file:///a%20b/x.sif", { kind: "file", path: "/a b/x.sif" }],
  ["file:x.sif", { kind: "file", path: "/folder/x.sif" }],
])("parses %s", (text, expected) => {
  expect(parseRemoteReference(text, { cwd: "/folder" })).toEqual(expected);
});

test.each([
  "x.sif",
  "",
  "ftp://x",
  "oras://",
  "s3://bucket",
  "s3://b/x/",
  "shub://a",
  "shub://h/../a/b",
  "file:",
  "https://",
])("refuses %j", (text) => {
  expect(() => parseRemoteReference(text, { cwd: "/" })).toThrow(
    expect.objectContaining({ code: "E_REFERENCE_INVALID" }) as Error,
  );
});
