import { sha256Hex } from "@repo2singularity/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readRegistryTree } from "../source/read-tree.ts";
import { elsewhereYaml, someHex, writeTree } from "../tree.fixture.ts";
import { html } from "../../pages/html.ts";
import { renderMarkdown, summaryOf } from "../../pages/markdown.ts";
import { planSite } from "./plan-site.ts";

async function siteOf(
  files: Record<string, string>,
  url = "https://lab.example",
): Promise<ReadonlyMap<string, string>> {
  const site = planSite(await readRegistryTree(await writeTree(files)), url);
  expect(new Set(site.map(({ path }) => path)).size).toBe(site.length);
  return new Map(
    site.map(({ path, content }) => [path, content.kind === "text" ? content.text : `image ${content.digest}`]),
  );
}

const one = { "vanessa/fortune/manifests/latest/image.yaml": elsewhereYaml };

test("has the seed's endpoints with the seed's keys, sizes in bytes and real digests", async () => {
  const site = await siteOf(one);

  for (const form of ["index.html", "index.json"]) {
    expect(JSON.parse(site.get(`vanessa/fortune/tags/${form}`) ?? "")).toEqual({
      name: "vanessa/fortune",
      tags: ["latest"],
    });
    expect(JSON.parse(site.get(`vanessa/fortune/manifests/latest/${form}`) ?? "")).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.singularity.distribution.manifest.v2+json",
      config: {
        mediaType: "application/vnd.singularity.container.image.v1+json",
        size: 55_056,
        digest: `sha256:${someHex}`,
      },
      layers: [
        {
          mediaType: "application/vnd.singularity.image.squashfs",
          size: 55_056,
          digest: `sha256:${someHex}`,
          urls: ["https://store.example/x.sif"],
        },
      ],
    });
  }
});

test("an image elsewhere is told to every client, and no image lies in the site", async () => {
  const site = await siteOf(one);
  const manifest = site.get("v2/vanessa/fortune/manifests/latest") ?? "";

  expect(JSON.parse(manifest)).toMatchObject({
    config: { size: 2, data: "e30=" },
    layers: [{ size: 55_056, urls: ["https://store.example/x.sif"] }],
  });
  expect(site.get(`v2/vanessa/fortune/manifests/sha256:${sha256Hex(manifest)}`)).toBe(manifest);
  expect(JSON.parse(site.get("v1/images/library/vanessa/fortune:latest") ?? "")).toMatchObject({
    data: { hash: `sha256.${someHex}`, size: 55_056 },
  });
  expect(JSON.parse(site.get("api/container/vanessa/fortune:latest") ?? "")).toMatchObject({
    image: "https://store.example/x.sif",
    commit: someHex,
  });
  expect(site.get("_redirects")).toBe("/v1/imagefile/library/vanessa/fortune:latest https://store.example/x.sif 302\n");
  expect([...site.values()].filter((text) => text.startsWith("image "))).toEqual([]);
});

test("an image that was built here lies in the site, for browsers and for the library", async () => {
  const recipe = "a/b/manifests/t/Singularity";
  const site = await siteOf({ [recipe]: "x", "a/b/manifests/t/image.yaml": `digest: sha256:${someHex}\nsize: 7\n` });

  expect(site.get("a/b/tags/t/b_t.sif")).toBe(`image sha256:${someHex}`);
  expect(site.get("a/b/tags/t/b_t.sif.sha256")).toBe(`${someHex}  b_t.sif\n`);
  expect(site.get("v1/imagefile/library/a/b:t")).toBe(`image sha256:${someHex}`);
  expect(site.get("api/container/a/b:t")).toContain("https://lab.example/a/b/tags/t/b_t.sif");
});

test("fortune is not fortune2, and what is not built is not offered", async () => {
  const site = await siteOf({
    ...one,
    "vanessa/fortune2/manifests/big/image.yaml": elsewhereYaml,
    "vanessa/fortune/manifests/unbuilt/Singularity": "x",
  });

  expect(JSON.parse(site.get("vanessa/fortune/tags/index.json") ?? "")).toEqual({
    name: "vanessa/fortune",
    tags: ["latest"],
  });
  expect(JSON.parse(site.get("catalogue.json") ?? "")).toMatchObject({
    collections: [{ name: "vanessa/fortune", tags: [{ tag: "latest", size: 55_056 }] }, { name: "vanessa/fortune2" }],
  });
});

test("pages hold nothing of what hostile files say as HTML", async () => {
  const evil =
    "<script>alert(1)</script><img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) ![x](data:text/html,x)";
  const site = await siteOf({
    "registry.yaml": `title: "<b>'\\"&"\n`,
    "a/b/README.md": evil,
    "a/b/manifests/t/Singularity": evil,
    "a/b/manifests/t/image.yaml": `digest: sha256:${someHex}\nsize: 7\nlabels: { "<i>": "\\"><script>" }\npackages: ["<script> 1"]\n`,
  });

  const pages = [...site].filter(([path, text]) => path.endsWith(".html") && text.startsWith("<!doctype"));
  expect(pages.length).toBe(4);
  for (const [, text] of pages) {
    expect(text).not.toMatch(/<script>|<img src=x|<i>|<b>|href="javascript:|src="data:text/);
    expect(text.match(/<script/g)?.length).toBe(1);
  }
});

test("whatever is put into HTML comes out as text", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const shown = html`<p title="${text}">${text}</p>`.toString();
      expect(shown.match(/[<>]/g)).toEqual(["<", ">", "<", ">"]);
      expect(shown.match(/"/g)?.length).toBe(2);
    }),
  );
});

test("a README's headings come below the page's own, and its first paragraph is its summary", () => {
  const readme = "# Title\n\nSays *what*\nit `is`.\n\n## More\n\nText";

  expect(renderMarkdown(readme).toString()).toContain("<h2>Title</h2>");
  expect(renderMarkdown(readme).toString()).toContain("<h3>More</h3>");
  expect(summaryOf(readme)).toBe("Says what it is.");
  expect(summaryOf("# only a title")).toBe("");
});

test("links are relative, and commands that a folder of a host does not allow are left out", async () => {
  const files = { "a/b/manifests/t/image.yaml": elsewhereYaml };
  const atRoot = (await siteOf(files)).get("a/b/tags/t/index.html") ?? "";
  const inFolder = (await siteOf(files, "https://org.github.io/registry")).get("a/b/tags/t/index.html") ?? "";

  expect(atRoot).toContain("apptainer pull oras://lab.example/a/b:t");
  expect(inFolder).not.toContain("oras://");
  expect(inFolder).toContain("shub://org.github.io/registry/a/b:t");
  expect(inFolder).not.toMatch(/(?:href|src)="\//);
});
