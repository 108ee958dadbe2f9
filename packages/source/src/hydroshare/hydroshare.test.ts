import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { startApiServer, type ApiServer } from "../testing/api-server.ts";
import { describeSourceProvider } from "../testing/describe-source-provider.ts";
import { createFastClock } from "../testing/fast-clock.ts";
import { makeTestFolder, testContext } from "../testing/git-fixtures.ts";
import { makeZip } from "../testing/make-zip.ts";

const id = "b8f6eae9d89241cf8b5904033460af61";
const page = `https://www.hydroshare.org/resource/${id}`;
const bagPath = `/django_s3/download/bags/${id}.zip`;

function bag(manifest: readonly string[] = []): Buffer {
  const md5 = (content: string): string => createHash("md5").update(content).digest("hex");
  const lines = [`${md5("content")}  data/contents/a%25.txt`, `${md5("b")}  data/contents/sub/b`, ...manifest];
  return makeZip([
    { name: `${id}/bagit.txt`, content: "BagIt-Version: 0.96\nTag-File-Character-Encoding: UTF-8\n" },
    { name: `${id}/manifest-md5.txt`, content: `${lines.join("\n")}\n` },
    { name: `${id}/data/resourcemap.xml`, content: "<x/>" },
    { name: `${id}/data/contents/a%.txt`, content: "content" },
    { name: `${id}/data/contents/sub/b`, content: "b" },
  ]);
}

/** Answers as HydroShare does: the bag is a page until it is packed, then a redirect to the object store. */
async function hydroshare(bytes: Buffer = bag(), pagesBefore = 0): Promise<ApiServer> {
  const server = await startApiServer();
  const dates = [
    { type: "created", start_date: "2019-09-25T15:00:00.000000Z" },
    { type: "modified", start_date: "2019-09-25T16:09:17.006152Z" },
  ];
  server.routes.set(`/hsapi/resource/${id}/scimeta/elements`, { body: { title: "x", dates } });
  let pages = pagesBefore;
  server.routes.set(bagPath, () =>
    pages-- > 0 ? { body: "<html>being prepared</html>" } : { status: 302, headers: { location: `/bags/${id}.zip` } },
  );
  server.routes.set(`/bags/${id}.zip`, { body: bytes, headers: { "content-type": "application/zip" } });
  server.routes.set(`/api/handles/10.4211/hs.${id}`, {
    body: { values: [{ type: "URL", data: { value: `http://www.hydroshare.org/resource/${id}` } }] },
  });
  return server;
}

describeSourceProvider("HydroShare", async () => {
  const server = await hydroshare(bag(), 3);
  return {
    server,
    mirrors: { hydroshare: server.origin, doi: server.origin },
    specs: [page, `http://hydroshare.org/resource/${id}/`, `10.4211/hs.${id}`],
    missing: `https://www.hydroshare.org/resource/${"0".repeat(32)}`,
    expected: {
      provider: "hydroshare",
      name: `hydroshare-${id}`,
      revision: `hydroshare.${id}.v1569427757`,
      url: page,
      commitTimeSeconds: 1_569_427_757,
    },
    files: { "a%.txt": "content", "sub/b": "b" },
    download: `/bags/${id}.zip`,
    isVerified: true,
  };
});

test("waits while the bag is packed, by its clock, and not for ever", async () => {
  await using server = await hydroshare(bag(), 999);
  const clock = createFastClock();
  const context = { ...testContext("/"), mirrors: { hydroshare: server.origin }, clock };
  const source = await resolveSource(parseSpec(page, { cwd: "/" }), {}, context);

  await expect(fetchCheckout(source, `${await makeTestFolder()}/c`, context)).rejects.toMatchObject({
    code: "E_SOURCE_NETWORK",
    message: expect.stringContaining("120 seconds"),
  });
  expect(clock.sleeps).toEqual(Array.from({ length: 12 }, () => 10_000));
});

test.each([
  ["a file that differs", `${"0".repeat(32)}  data/contents/sub/b`, "E_SOURCE_CHECKSUM"],
  ["a file that is missing", `${"0".repeat(32)}  data/contents/gone`, "E_SOURCE_CHECKSUM"],
  ["a file outside", `${"0".repeat(32)}  ../../../etc/passwd`, "E_PATH_ESCAPE"],
])("refuses a bag whose manifest names %s", async (_, line, code) => {
  await using server = await hydroshare(bag([line]));
  const context = { ...testContext("/"), mirrors: { hydroshare: server.origin } };
  const source = await resolveSource(parseSpec(page, { cwd: "/" }), {}, context);

  await expect(fetchCheckout(source, `${await makeTestFolder()}/c`, context)).rejects.toMatchObject({ code });
});
