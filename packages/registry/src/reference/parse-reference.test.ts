import { expect, test } from "vitest";
import { formatReference, parseReference } from "./parse-reference.ts";

const digest = `sha256:${"a".repeat(64)}`;
const hub = { kind: "docker", host: "docker.io" };
const none = { tag: undefined, digest: undefined };

test.each([
  ["docker://debian", { ...hub, repository: "library/debian", tag: "latest", digest: undefined }],
  ["docker:debian:13", { ...hub, repository: "library/debian", tag: "13", digest: undefined }],
  ["docker://jupyter/base:x", { ...hub, repository: "jupyter/base", tag: "x", digest: undefined }],
  ["docker://ghcr.io/a/b/c@" + digest, { kind: "docker", host: "ghcr.io", repository: "a/b/c", ...none, digest }],
  [
    `docker://localhost:5000/a:1@${digest}`,
    { kind: "docker", host: "localhost:5000", repository: "a", tag: "1", digest },
  ],
  ["docker-archive:x.tar", { kind: "docker-archive", path: "/folder/x.tar", name: undefined }],
  ["docker-archive:/a/x.tar:debian:13", { kind: "docker-archive", path: "/a/x.tar", name: "debian:13" }],
  ["oci:layout:tag", { kind: "oci", path: "/folder/layout", name: "tag" }],
  ["oci-archive:../l.tar", { kind: "oci-archive", path: "/l.tar", name: undefined }],
] as const)("parses %s", (text, expected) => {
  expect(parseReference(text, { cwd: "/folder" })).toEqual(expected);
});

test.each([
  "debian",
  "docker://",
  "docker://UPPER",
  "docker://a b",
  "docker://a:b:c",
  "docker://x@sha256:12",
  "oci:",
  "",
])("refuses %j", (text) => {
  expect(() => parseReference(text, { cwd: "/folder" })).toThrow(
    expect.objectContaining({ code: "E_REFERENCE_INVALID" }) as Error,
  );
});

test("a reference is shown as it is written", () => {
  for (const text of ["docker://debian:13", "docker://ghcr.io/a/b:latest", "oci-archive:/x.tar:n"]) {
    expect(formatReference(parseReference(text, { cwd: "/" }))).toBe(text);
  }
});
