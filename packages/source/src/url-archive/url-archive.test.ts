import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { startApiServer } from "../testing/api-server.ts";
import { describeSourceProvider } from "../testing/describe-source-provider.ts";
import { makeTestFolder, testContext } from "../testing/git-fixtures.ts";
import { makeZip } from "../testing/make-zip.ts";

const zip = makeZip([
  { name: "repo-main/sub/a.txt", content: "a" },
  { name: "repo-main/b.txt", content: "b" },
]);
const sha256 = createHash("sha256").update(zip).digest("hex");

describeSourceProvider("archives by URL", async () => {
  const server = await startApiServer([["/x/my-course.zip", { body: zip }]]);
  const url = `${server.origin}/x/my-course.zip`;
  return {
    server,
    mirrors: {},
    specs: [`${url}#sha256=${sha256}`, `${url}#sha256=${sha256.toUpperCase()}`],
    missing: `${server.origin}/x/other.zip`,
    expected: {
      provider: "archive",
      name: "my-course",
      revision: `sha256:${sha256}`,
      url,
      commitTimeSeconds: undefined,
    },
    files: { "sub/a.txt": "a", "b.txt": "b" },
    download: "/x/my-course.zip",
    isVerified: true,
  };
});

test.each([
  ["https://github.com/o/my-repo/archive/refs/tags/v1.0.tar.gz", "my-repo"],
  ["https://gitlab.com/g/s/my-repo/-/archive/main/r-main.zip", "my-repo"],
  ["https://example.org/files/data.tar.xz?download=1", "data"],
  ["https://zenodo.org/records/1/files/files.zip?download=1", "files"],
  ["https://example.org/a%20b.tgz", "a-b"],
])("%s is an archive called %s", (text, name) => {
  expect(parseSpec(text, { cwd: "/" })).toMatchObject({ provider: "archive", name });
});

test("without a promise the content tells the revision when it is there", async () => {
  await using server = await startApiServer([["/x.zip", { body: zip }]]);
  const source = await resolveSource(parseSpec(`${server.origin}/x.zip`, { cwd: "/" }), {}, testContext("/"));
  const checkout = await fetchCheckout(source, `${await makeTestFolder()}/c`, testContext("/"));

  expect(source.revision).toBeUndefined();
  expect(checkout.revision).toBe(`sha256:${sha256}`);
});

test("user names, passwords and keys of the URL reach its server alone, and nobody's eyes", async () => {
  await using elsewhere = await startApiServer([["/y.zip", { body: zip }]]);
  const location = `${elsewhere.origin.replace("127.0.0.1", "localhost")}/y.zip`;
  await using server = await startApiServer([["/x.zip?key=s3cret", { status: 302, headers: { location } }]]);
  const text = `${server.origin.replace("//", "//me:s3cret@")}/x.zip?key=s3cret`;
  const spec = parseSpec(text, { cwd: "/" });
  const source = await resolveSource(spec, {}, testContext("/"));
  const checkout = await fetchCheckout(source, `${await makeTestFolder()}/c`, testContext("/"));

  const basic = `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
  expect(server.requests[0]?.headers.authorization).toBe(basic);
  expect(elsewhere.requests[0]?.headers.authorization).toBeUndefined();
  expect(inspect([spec, source, checkout], { depth: 9 })).not.toContain("s3cret");
});

test("a checksum that is none is refused", () => {
  expect(() => parseSpec("https://example.org/x.zip#sha256=12", { cwd: "/" })).toThrow(
    expect.objectContaining({ code: "E_SPEC_INVALID" }),
  );
});
