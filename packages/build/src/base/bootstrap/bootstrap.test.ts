import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import type { TreeEntry } from "@repo2singularity/image";
import { openStore } from "@repo2singularity/store";
import { expect, test } from "vitest";
import { cleanBootstrap, formatSources } from "./clean-bootstrap.ts";
import { findMmdebstrap } from "./find-mmdebstrap.ts";
import { mmdebstrapArguments } from "./mmdebstrap-command.ts";
import { bootstrapRelease } from "./suites.ts";

const noSettings = {
  apt: {
    release: { id: "", idLike: [], codename: "", prettyName: "" },
    sources: [],
    options: ['Acquire::Retries "5";'],
    proxies: {},
  },
  proxies: { http: "http://proxy.example:3128" },
};

test.each([
  ["trixie", "debian", ["trixie", "trixie-updates", "trixie-security"]],
  ["sid", "debian", ["sid"]],
  ["noble", "ubuntu", ["noble", "noble-updates", "noble-security"]],
])("%s is a release of %s with its archives", (suite, distribution, suites) => {
  const release = bootstrapRelease(suite);

  expect(release.distribution).toBe(distribution);
  expect(release.sources.map((source) => source.suite)).toEqual(suites);
});

test.each(["", "-x", "a b", "trixie/updates", "$(x)", "Trixie"])("%j is no release's name", (suite) => {
  expect(() => bootstrapRelease(suite)).toThrow(expect.objectContaining({ code: "E_USAGE" }));
});

test("the sources of a base name the public archives, each address once", () => {
  expect(formatSources(bootstrapRelease("trixie"), "amd64", "usr/share/keyrings/k.pgp")).toBe(
    "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /usr/share/keyrings/k.pgp\n\n" +
      "Types: deb\nURIs: http://deb.debian.org/debian-security\nSuites: trixie-security\nComponents: main\nSigned-By: /usr/share/keyrings/k.pgp\n",
  );
  expect(formatSources(bootstrapRelease("noble"), "arm64", undefined)).toContain("URIs: http://ports.ubuntu.com/");
});

test("mmdebstrap is told mirrors, proxies and options, one argument each", () => {
  const args = mmdebstrapArguments({
    release: bootstrapRelease("trixie"),
    isOfThePast: false,
    architecture: "amd64",
    mirrorOf: ({ kind }) => (kind === "debian" ? "https://u:p@apt.example/debian" : undefined),
    settings: noSettings,
    caBundlePath: "/x/ca.crt",
    target: "/x/root",
  });

  expect(args).toEqual(
    expect.arrayContaining([
      '--aptopt=Acquire::https::CAInfo "/x/ca.crt"',
      '--aptopt=Acquire::http::Proxy "http://proxy.example:3128"',
      '--aptopt=Acquire::Retries "5"',
      "deb https://u:p@apt.example/debian trixie main",
      "deb http://deb.debian.org/debian-security trixie-security main",
    ]),
  );
});

test("nothing of this machine, of the mirror or of the moment stays in a bootstrapped tree", async () => {
  const kept = ["etc/passwd", "etc/apt/apt.conf.d/70debconf", "var/cache/debconf/config.dat", "var/lib/dpkg/status"];
  const dropped = [
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/x.list",
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
    "etc/resolv.conf",
    "etc/passwd-",
    "var/log/apt/history.log",
    "var/log/wtmp",
    "var/cache/apt/archives/lock",
    "var/cache/ldconfig/aux-cache",
    "var/lib/apt/lists/mirror.example_dists_trixie_InRelease",
    "var/lib/dpkg/status-old",
  ];
  const facts = { type: "file", mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes: 0 } as const;
  async function* tree(): AsyncGenerator<TreeEntry> {
    for (const path of [...kept, ...dropped]) yield { ...facts, path };
    yield { ...facts, path: "var/log/apt", type: "directory" };
  }

  const left: string[] = [];
  for await (const entry of cleanBootstrap(tree(), bootstrapRelease("trixie"), "amd64")) left.push(entry.path);

  expect(left).toEqual([...kept, "var/log/apt", "etc/hostname", "etc/apt/sources.list.d/debian.sources"]);
});

test("without mmdebstrap and apt the error names the command that installs it", async () => {
  await using store = await openStore({ directory: await mkdtemp(join(tmpdir(), "mmdebstrap-")) });
  const missing = findMmdebstrap({
    store,
    env: { PATH: "/nowhere" },
    runner: (command) => Promise.reject(new AppError("E_PROCESS_NOT_FOUND", command)),
  });

  await expect(missing).rejects.toMatchObject({
    code: "E_BASE_UNAVAILABLE",
    hint: expect.stringContaining("apt-get install mmdebstrap"),
  });
});
