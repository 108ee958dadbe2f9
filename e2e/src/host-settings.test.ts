import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rootCertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import type { HostSettings } from "@repo2singularity/build";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Institute, machineSettings, pemLines, startInstitute } from "./support/institute/institute.ts";
import { giveTo } from "./support/clones.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { searchImage } from "./support/search-image.ts";
import { smallRepository } from "./support/small-repository.ts";
import { leastUser, withOwnCache } from "./support/users.ts";
import { setMirrors } from "./support/user-config.ts";

const user = withOwnCache(leastUser(), "the base alone");

/** A repository that uses every way to packages: apt, pip by the build, pip and npm by its own script. */
const repositoryFiles = {
  "requirements.txt": "humanize\n",
  "apt.txt": "tree\n",
  "package.json": '{"name": "example", "version": "1.0.0", "dependencies": {"is-odd": "3.0.1"}}\n',
  postBuild: [
    "#!/bin/bash",
    "set -euo pipefail",
    "pip install --quiet roman",
    "npm install --global is-even@1.0.0",
    "npm install",
    "",
  ].join("\n"),
};

describe("behind a proxy that reads inside TLS, with mirrors for pip, npm and apt", () => {
  let institute: Institute;
  let image = "";

  beforeAll(async () => {
    institute = await startInstitute(user);
    const folder = mkdtempSync(path.join(user.home, "behind-proxy-"));
    setMirrors(user, institute.mirrors);
    giveTo(user, folder);
    image = path.join(folder, "found.sif");
    const repository = smallRepository(user, "mirrored", repositoryFiles);
    const built = await repo2singularity(user, ["--image-name", "found", repository], {
      cwd: folder,
      env: institute.env,
    });
    expect(built, built.stderr.slice(-4_000)).toMatchObject({ status: 0 });
  });

  afterAll(() => institute[Symbol.asyncDispose]());

  test("a build needs no flag, and everything came through the proxy and from the mirror", async () => {
    const script =
      'cd /srv/repo && python -c "import humanize, roman" && tree --version && node -p "require(\'is-odd\')(3)"';
    const ran = await runAs(user, "apptainer", ["exec", "--userns", "--containall", image, "sh", "-c", script]);

    expect(ran).toMatchObject({ status: 0 });
    expect([...institute.seenHosts]).toEqual([institute.mirrorHost]);
  });

  test("nothing of the proxy, its authority, the mirror or this machine is in the image", async () => {
    const texts = [
      ...institute.secrets,
      user.home,
      user.clone,
      path.basename(user.cacheHome),
      ...machineTexts(await machineSettings()),
    ];

    expect(await searchImage(image, texts)).toEqual([]);
  });
});

test("a search of an image sees what is planted: in a file, a gzip file, a name, a link", async () => {
  const folder = smallRepository(user, "planted", {
    "tree/etc/pip.conf": "index-url = https://planted-in-file/\n",
    "tree/planted-in-name": "",
  });
  writeFileSync(path.join(folder, "tree/changelog.gz"), gzipSync("planted-in-gzip"));
  await runAs(user, "ln", ["-s", "/planted-in-link", path.join(folder, "tree/link")]);
  const layer = path.join(folder, "layer.sqfs");
  const sif = path.join(folder, "image.sif");
  for (const words of [
    ["pack", path.join(folder, "tree"), layer],
    ["compose", sif, layer],
  ]) {
    expect(await repo2singularity(user, ["image", ...words])).toMatchObject({ status: 0 });
  }

  const texts = ["file", "gzip", "name", "link"].map((place) => `planted-in-${place}`);
  const found = await searchImage(sif, [...texts, "planted-nowhere"]);

  expect(found.map((finding) => finding.text).toSorted()).toEqual(texts.toSorted());
});

/** What would tell of the machine that runs the tests: its own authorities, mirrors and proxies. */
function machineTexts(machine: HostSettings): readonly string[] {
  const { python, npm, archives, proxies } = machine;
  const links = python.findLinks.filter((link) => link.startsWith("/") && link.length > 5);
  const urls = [python.indexUrl, ...python.extraIndexUrls, npm.registry, ...Object.values(npm.scopeRegistries)];
  const mirrors = Object.values(archives).map(({ uri }) => uri);
  const hosts = [...urls, ...mirrors, proxies.http, proxies.https, proxies.all]
    .filter((url) => url !== undefined && URL.canParse(url))
    .map((url) => new URL(url!).host)
    .filter((host) => !/(?:^|\.)(?:pypi\.org|npmjs\.org|debian\.org|ubuntu\.com|pythonhosted\.org)$/.test(host));
  return [...hosts, ...links, ...ownAuthorities(machine.caBundle).flatMap((pem) => pemLines(pem).slice(1, 3))];
}

/** Certificates that this machine trusts and that are neither in Node nor in the distribution's package. */
function ownAuthorities(bundle: string): readonly string[] {
  const shared = "/usr/share/ca-certificates/mozilla";
  const packaged = readdirSync(shared).map((name) => readFileSync(path.join(shared, name), "utf8"));
  const known = new Set([...rootCertificates, ...packaged].map(bare));
  const all = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return all.filter((pem) => !known.has(bare(pem)));
}

function bare(pem: string): string {
  return pem.replaceAll(/\s|-+[A-Z ]+-+/g, "");
}
