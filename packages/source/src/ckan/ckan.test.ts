import { join } from "node:path";
import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { startApiServer, type ApiServer } from "../testing/api-server.ts";
import { describeSourceProvider } from "../testing/describe-source-provider.ts";
import { hasGitBackend, serveGitOverHttp } from "../testing/git-http-server.ts";
import { makeRepository, makeTestFolder, testContext } from "../testing/git-fixtures.ts";

const uuid = "1ed2b2a1-8d6f-4f35-9f0c-0c8b0f8a3a11";
const activity = "5d5f3d4a-0a3e-4c54-9a3c-7a1c8d0e2b11";

/** A site in the shape of CKAN 2.11's Action API, below a prefix. */
async function ckan(): Promise<ApiServer> {
  const server = await startApiServer();
  const { origin } = server;
  const api = "/data/api/3/action";
  const help = `${origin}${api}/help_show`;
  const resource = (id: string, url: string): object => ({ id, url, name: id, format: "CSV", hash: "", size: null });
  const dataset = {
    id: uuid,
    name: "1988-tuba-city",
    metadata_modified: "2024-02-27T21:15:54.573058",
    resources: [
      resource("r1", `${origin}/files/environment.yml`),
      resource("r2", `${origin}/other/environment.yml`),
      resource("r3", `${origin}/files/a%20b.csv?x=1`),
      resource("r4", `${origin}/files/`),
      resource("r5", ""),
      resource("r6", "file:///etc/passwd"),
    ],
  };
  server.routes.set(`${api}/status_show`, { body: { help, success: true, result: { ckan_version: "2.11.1" } } });
  server.routes.set(`${api}/package_show?id=1988-tuba-city`, { body: { help, success: true, result: dataset } });
  server.routes.set(`${api}/package_show?id=${uuid}`, { body: { help, success: true, result: dataset } });
  server.routes.set(`${api}/activity_data_show?id=${activity}&object_type=package`, {
    body: { help, success: true, result: dataset },
  });
  server.routes.set("/files/environment.yml", { body: Buffer.from("{}") });
  server.routes.set("/other/environment.yml", { body: Buffer.from("{ }") });
  server.routes.set("/files/a%20b.csv", { body: Buffer.from("a,b") });
  server.routes.set("/files/", { body: Buffer.from("index") });
  return server;
}

describeSourceProvider("CKAN", async () => {
  const server = await ckan();
  const page = `${server.origin}/data/dataset`;
  return {
    server,
    mirrors: {},
    specs: [`${page}/1988-tuba-city`, `${page}/${uuid}`, `${page}/activity/1988-tuba-city`, `${page}/1988-tuba-city/`],
    missing: `${page}/nothing`,
    expected: {
      provider: "ckan",
      name: "1988-tuba-city",
      revision: `${uuid}.v1709068554`,
      url: expect.stringMatching(/\/data\/dataset\//) as string, // the dataset by the name or identifier that was given
      commitTimeSeconds: 1_709_068_554,
    },
    files: { "environment.yml": "{}", "r2-environment.yml": "{ }", "a b.csv": "a,b", r4: "index" },
    ref: { spec: `${page}/1988-tuba-city`, ref: activity, revision: `${uuid}.${activity}` },
    download: "/files/environment.yml",
    isVerified: false,
    hasFolders: false,
  };
});

test("an entry of the history is a state of its own, in both forms of its URL", async () => {
  await using server = await ckan();
  const page = `${server.origin}/data/dataset/1988-tuba-city`;
  for (const text of [`${page}?activity_id=${activity}`, `${page}/history/${activity}`]) {
    const source = await resolveSource(parseSpec(text, { cwd: "/" }), {}, testContext("/"));
    expect(source).toMatchObject({ revision: `${uuid}.${activity}`, url: `${page}?activity_id=${activity}` });
  }
});

test.runIf(hasGitBackend)(
  "a git repository whose path looks like a dataset is found when the site is not CKAN's",
  async () => {
    const root = await makeTestFolder();
    await makeRepository(join(root, "dataset/repo"), { "a.txt": "1" });
    await using server = await serveGitOverHttp({ root });

    const spec = parseSpec(`${server.origin}/dataset/repo`, { cwd: "/" });
    expect(spec.provider).toBe("ckan");
    expect(await resolveSource(spec, {}, testContext(root))).toMatchObject({ provider: "git", ref: "refs/heads/main" });
    await rm(root, { recursive: true });
  },
);

test.each(["https://github.com/dataset/x", "https://gitlab.com/me/dataset/x", "https://example.org/dataset/x.git"])(
  "%s is a git repository",
  (text) => {
    expect(parseSpec(text, { cwd: "/" }).provider).toBe("git");
  },
);
