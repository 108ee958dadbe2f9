import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { startApiServer, type ApiServer } from "../testing/api-server.ts";
import { createFastClock } from "../testing/fast-clock.ts";
import { describeSourceProvider } from "../testing/describe-source-provider.ts";
import { testContext } from "../testing/git-fixtures.ts";

const dataset = "doi:10.7910/DVN/TJCLKP";
const file = "doi:10.7910/DVN/TJCLKP/3YRRYJ";
const readme = Buffer.from("# read me");
const original = Buffer.from("a,b\n1,2\n");
const query = (id: string): string => `persistentId=${encodeURIComponent(id)}`;

/** A version in the shape of the Native API of Dataverse 6, cut to what matters and some of the rest. */
function version(major: number): unknown {
  return {
    status: "OK",
    data: {
      id: 277_608,
      datasetId: 3_040_230,
      datasetPersistentId: dataset,
      versionNumber: major,
      versionMinorNumber: 1,
      versionState: "RELEASED",
      releaseTime: "2020-03-04T05:06:07Z",
      files: [
        {
          label: "README.md",
          restricted: false,
          version: 1,
          dataFile: {
            id: 3_040_231,
            filename: "README.md",
            filesize: readme.length,
            md5: createHash("md5").update(readme).digest("hex"),
            checksum: { type: "SHA-1", value: createHash("sha1").update(readme).digest("hex") },
          },
        },
        {
          label: "table.tab",
          directoryLabel: "sub/deeper",
          restricted: false,
          dataFile: {
            id: 3_040_232,
            filename: "table.tab",
            filesize: 999,
            originalFileFormat: "text/csv",
            originalFileSize: original.length,
            originalFileName: "table.csv",
            md5: "9e6bb0a0ada77e2e62221b148957532e",
          },
        },
      ],
    },
  };
}

async function dataverse(): Promise<ApiServer> {
  const server = await startApiServer();
  const versions = "/api/datasets/:persistentId/versions";
  server.routes.set(`${versions}/:latest-published?${query(dataset)}`, { body: version(2) });
  server.routes.set(`${versions}/1.1?${query(dataset)}`, { body: version(1) });
  server.routes.set(`${versions}/2.1?${query(dataset)}`, { body: version(2) });
  const ofFile = { body: { status: "OK", data: { datasetVersion: { datasetPersistentId: dataset } } } };
  server.routes.set(`/api/files/:persistentId?${query(file)}&returnDatasetVersion=true`, ofFile);
  server.routes.set("/api/files/3040231?returnDatasetVersion=true", ofFile);
  server.routes.set("/api/access/datafile/3040231?format=original", { body: readme });
  server.routes.set("/api/access/datafile/3040232?format=original", { body: original });
  const handle = (url: string): { body: unknown } => ({ body: { values: [{ type: "URL", data: { value: url } }] } });
  server.routes.set("/api/handles/10.7910/DVN/TJCLKP", handle(`${server.origin}/citation?persistentId=${dataset}`));
  server.routes.set("/api/handles/10.7910/DVN/TJCLKP/3YRRYJ", handle(`${server.origin}/citation?persistentId=${file}`));
  return server;
}

describeSourceProvider("Dataverse", async () => {
  const server = await dataverse();
  const { origin } = server;
  return {
    server,
    mirrors: { doi: origin },
    specs: [
      `${origin}/dataset.xhtml?persistentId=${dataset}`,
      `${origin}/dataset.xhtml?persistentId=doi%3A10.7910%2FDVN%2FTJCLKP&version=2.1`,
      `${origin}/dataset.xhtml?persistentId=${dataset}&version=DRAFT`,
      `${origin}/citation?persistentId=${dataset}`,
      `${origin}/citation?persistentId=${file}`,
      `${origin}/file.xhtml?persistentId=${file}&version=2.1`,
      `${origin}/file.xhtml?fileId=3040231`,
      `${origin}/api/access/datafile/3040231`,
      `${origin}/api/access/datafile/:persistentId?persistentId=${file}`,
      dataset,
      "https://doi.org/10.7910/DVN/TJCLKP/3YRRYJ",
    ],
    missing: `${origin}/citation?persistentId=doi:10.7910/DVN/NOTHERE`,
    expected: {
      provider: "dataverse",
      name: "dataverse-TJCLKP",
      revision: `${dataset}.v2.1`,
      url: `${origin}/dataset.xhtml?persistentId=${dataset}&version=2.1`,
      commitTimeSeconds: 1_583_298_367,
    },
    files: { "README.md": "# read me", "sub/deeper/table.csv": "a,b\n1,2\n" },
    ref: { spec: `${origin}/citation?persistentId=${dataset}`, ref: "1.1", revision: `${dataset}.v1.1` },
    download: "/api/access/datafile/3040231?format=original",
    isVerified: true,
  };
});

test("a DOI whose page has another form is found when the list of installations has its host", async () => {
  await using server = await dataverse();
  const hostname = new URL(server.origin).hostname;
  server.routes.set("/api/handles/10.7910/DVN/TJCLKP", {
    body: { values: [{ type: "URL", data: { value: `${server.origin}/landing/TJCLKP` } }] },
  });
  const mirrors = { doi: server.origin, dataverseInstallations: server.origin };
  const context = { ...testContext("/"), mirrors, clock: createFastClock() };
  const resolve = () => resolveSource(parseSpec(dataset, { cwd: "/" }), {}, context);

  await expect(resolve()).rejects.toMatchObject({
    code: "E_SPEC_INVALID",
    message: expect.stringContaining("landing"),
  });
  server.routes.set("/data/data.json", { body: { installations: [{ name: "Test", hostname }] } });
  expect(await resolve()).toMatchObject({ provider: "dataverse", revision: `${dataset}.v2.1` });
});

test.each(["https://example.org/dataset.xhtml", "https://example.org/citation?persistentId=x"])(
  "%s names no dataset",
  (text) => {
    expect(parseSpec(text, { cwd: "/" }).provider).toBe("git");
  },
);
