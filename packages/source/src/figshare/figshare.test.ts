import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseSpec } from "../spec/parse-spec.ts";
import { startApiServer, type ApiServer } from "../testing/api-server.ts";
import { describeSourceProvider, type ProviderFixture } from "../testing/describe-source-provider.ts";
import { makeZip } from "../testing/make-zip.ts";

/** An article in the shape of https://api.figshare.com/v2/articles/9782777, cut to what matters and some of the rest. */
function article(version: number, files: Readonly<Record<string, Uint8Array>>): unknown {
  const stored = Object.entries(files).map(([name, body], index) => ({
    id: index + 1,
    name,
    size: body.length,
    is_link_only: false,
    download_url: `https://ndownloader.figshare.com/files/${index + 1}`,
    supplied_md5: "",
    computed_md5: createHash("md5").update(body).digest("hex"),
  }));
  const link = { id: 99, name: "elsewhere", size: 0, is_link_only: true, download_url: "https://example.org/x" };
  return {
    id: 9_782_777,
    version,
    title: "Binder-ready openSenseMap Analysis",
    doi: `10.6084/m9.figshare.9782777.v${version}`,
    published_date: "2019-09-11T12:00:00Z",
    url_public_html: `https://figshare.com/articles/code/Binder-ready_openSenseMap_Analysis/9782777/${version}`,
    files: [...stored, { ...link, supplied_md5: "", computed_md5: "" }],
  };
}

async function figshare(files: Readonly<Record<string, Uint8Array>>): Promise<ApiServer> {
  const server = await startApiServer();
  server.routes.set("/v2/articles/9782777", { body: article(3, files) });
  for (const version of [1, 2, 3]) {
    server.routes.set(`/v2/articles/9782777/versions/${version}`, { body: article(version, files) });
  }
  for (const [index, body] of Object.values(files).entries()) server.routes.set(`/files/${index + 1}`, { body });
  const landing = (path: string): unknown => ({
    responseCode: 1,
    values: [{ index: 1, type: "URL", data: { format: "string", value: `https://figshare.com/articles/${path}` } }],
  });
  server.routes.set("/api/handles/10.6084/m9.figshare.9782777", { body: landing("Binder-ready/9782777") });
  server.routes.set("/api/handles/10.6084/m9.figshare.9782777.v3", { body: landing("Binder-ready/9782777/3") });
  return server;
}

async function fixtureOf(files: Readonly<Record<string, Uint8Array>>): Promise<Omit<ProviderFixture, "files">> {
  const server = await figshare(files);
  return {
    server,
    mirrors: { figshare: server.origin, figshareFiles: server.origin, doi: server.origin },
    specs: [
      "https://figshare.com/articles/Binder-ready/9782777/3",
      "https://figshare.com/articles/Binder-ready/9782777",
      "https://figshare.com/articles/code/Binder-ready/9782777",
      "https://figshare.com/articles/software/Binder-ready/9782777/3",
      "http://figshare.com/account/articles/9782777",
      "https://uni-x.figshare.com/articles/dataset/Binder-ready/9782777/3",
      "10.6084/m9.figshare.9782777",
      "https://doi.org/10.6084/m9.figshare.9782777.v3",
    ],
    missing: "https://figshare.com/articles/x/1",
    expected: {
      provider: "figshare",
      name: "figshare-9782777",
      revision: "figshare.9782777.v3",
      url: "https://figshare.com/articles/_/9782777/3",
      commitTimeSeconds: 1_568_203_200,
    },
    ref: { spec: "https://figshare.com/articles/x/9782777", ref: "v2", revision: "figshare.9782777.v2" },
    download: "/files/1",
    isVerified: true,
  };
}

describeSourceProvider("Figshare, one archive", async () => {
  const zip = makeZip([
    { name: "r/sub/a.txt", content: "a" },
    { name: "r/b.txt", content: "b" },
  ]);
  return { ...(await fixtureOf({ "r.zip": zip })), files: { "sub/a.txt": "a", "b.txt": "b" } };
});

describeSourceProvider("Figshare, several files", async () => {
  const files = { "environment.yml": Buffer.from("{}"), "sub/x.py": Buffer.from("1") };
  return { ...(await fixtureOf(files)), files: { "environment.yml": "{}", "sub/x.py": "1" } };
});

test.each([
  ["https://figshare.com/articles/title/9782777/2", "9782777/2"],
  ["https://figshare.com/articles/dataset/title/9782777/2", "9782777/2"],
  ["https://figshare.com/articles/title/9782777/", "9782777"],
  ["https://figshare.com/articles/2019/9782777/1234", "9782777/1234"],
])("%s means %s", (text, place) => {
  expect(parseSpec(text, { cwd: "/" }).shown).toBe(`https://figshare.com/articles/_/${place}`);
});

test("two versions at once, and one that is none, are wrong usage", async () => {
  const context = { runProcess: () => Promise.reject(new Error("not run")), env: {}, scratchFolder: "/" };
  const spec = parseSpec("https://figshare.com/articles/title/9782777/2", { cwd: "/" });

  await expect(spec.resolve({ ref: "v3" }, context)).rejects.toMatchObject({ code: "E_USAGE" });
  await expect(spec.resolve({ ref: "main" }, context)).rejects.toMatchObject({ code: "E_USAGE" });
});
