import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseSpec } from "../spec/parse-spec.ts";
import { startApiServer, type ApiServer } from "../testing/api-server.ts";
import { describeSourceProvider, type ProviderFixture } from "../testing/describe-source-provider.ts";
import { makeZip } from "../testing/make-zip.ts";

const md5 = (content: string | Uint8Array): string => createHash("md5").update(content).digest("hex");
const handle = (url: string): unknown => ({
  responseCode: 1,
  values: [
    { index: 1, type: "URL", data: { format: "string", value: url }, ttl: 86_400 },
    { index: 100, type: "HS_ADMIN", data: { format: "admin", value: { handle: "10.ADMIN/codata" } }, ttl: 86_400 },
  ],
});

/** A record in the shape of https://zenodo.org/api/records/3242074, cut to what matters and some of the rest. */
async function zenodo(files: Readonly<Record<string, Uint8Array>>): Promise<ApiServer> {
  const server = await startApiServer();
  const api = "https://zenodo.org/api/records/3242074";
  const record = {
    created: "2019-06-10T15:24:40.123456+00:00",
    conceptrecid: "3242073",
    doi: "10.5281/zenodo.3242074",
    id: 3_242_074,
    links: { self: api, files: `${api}/files` },
    metadata: { title: "a title", resource_type: { type: "software" } },
  };
  const entries = Object.entries(files).map(([key, body]) => ({
    key,
    checksum: `md5:${md5(body)}`,
    size: body.length,
    mimetype: "application/octet-stream",
    status: "completed",
    links: { self: `${api}/files/${key}`, content: `${api}/files/${key}/content` },
  }));
  server.routes.set("/api/records/3242074", { body: record });
  // the identifier of all versions leads to the newest
  server.routes.set("/api/records/3242073", { status: 302, headers: { location: "/api/records/3242074" } });
  server.routes.set("/api/records/3242074/files", { body: { enabled: true, entries } });
  for (const [key, body] of Object.entries(files)) {
    server.routes.set(`/api/records/3242074/files/${key}/content`, { body });
  }
  server.routes.set("/api/handles/10.5281/zenodo.3242074", { body: handle("https://zenodo.org/record/3242074") });
  server.routes.set("/api/handles/10.5281/ZENODO.3242074", { body: handle("https://zenodo.org/record/3242074") });
  return server;
}

async function fixtureOf(files: Readonly<Record<string, Uint8Array>>): Promise<Omit<ProviderFixture, "files">> {
  const server = await zenodo(files);
  return {
    server,
    mirrors: { zenodo: server.origin, doi: `${server.origin}/` },
    specs: [
      "https://zenodo.org/records/3242074",
      "https://zenodo.org/record/3242074#.XP1",
      "http://www.zenodo.org/records/3242074?preview=1",
      "https://zenodo.org/doi/10.5281/zenodo.3242074",
      "https://zenodo.org/records/3242073",
      "10.5281/zenodo.3242074",
      "doi:10.5281/zenodo.3242074",
      "DOI: 10.5281/ZENODO.3242074",
      "https://doi.org/10.5281/zenodo.3242074",
      "http://dx.doi.org/10.5281%2Fzenodo.3242074",
      "doi.org/10.5281/zenodo.3242074",
      "info:doi/10.5281/zenodo.3242074",
    ],
    missing: "https://zenodo.org/records/1",
    expected: {
      provider: "zenodo",
      name: "zenodo-3242074",
      revision: "zenodo.3242074",
      url: "https://zenodo.org/records/3242074",
      commitTimeSeconds: 1_560_180_280,
    },
    download: `/api/records/3242074/files/${Object.keys(files)[0]}/content`,
    isVerified: true,
  };
}

describeSourceProvider("Zenodo, a deposit of a forge", async () => {
  const zip = makeZip([
    { name: "owner-repo-1a2b3c4/" },
    { name: "owner-repo-1a2b3c4/requirements.txt", content: "numpy\n" },
    { name: "owner-repo-1a2b3c4/sub/a.txt", content: "a" },
  ]);
  return {
    ...(await fixtureOf({ "owner/repo-v1.0.zip": zip })),
    files: { "requirements.txt": "numpy\n", "sub/a.txt": "a" },
  };
});

describeSourceProvider("Zenodo, several files", async () => {
  const zip = makeZip([{ name: "x" }]);
  const files = { "environment.yml": Buffer.from("{}"), "sub/n.ipynb": Buffer.from("{ }"), "data.zip": zip };
  const contents = { "environment.yml": "{}", "sub/n.ipynb": "{ }", "data.zip": zip.toString("utf8") };
  return { ...(await fixtureOf(files)), files: contents };
});

test.each([
  ["https://sandbox.zenodo.org/records/77", "https://sandbox.zenodo.org/records/77", "zenodo-sandbox-77"],
  [
    "https://data.caltech.edu/records/9ewf9-8mh93",
    "https://data.caltech.edu/records/9ewf9-8mh93",
    "caltechdata-9ewf9-8mh93",
  ],
])("%s is a record of the same software", (text, shown, name) => {
  expect(parseSpec(text, { cwd: "/" })).toMatchObject({ provider: "zenodo", shown, name });
});

test.each(["https://zenodo.org/communities/x", "https://example.org/records/1", "https://notzenodo.org/records/1"])(
  "%s is no record of it",
  (text) => {
    expect(parseSpec(text, { cwd: "/" }).provider).toBe("git");
  },
);
