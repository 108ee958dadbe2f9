import { describe, expect, test } from "vitest";
import { channelUrls } from "./channels.ts";
import { readCondaLock } from "./conda-lock.ts";
import { packageOfUrl, specName } from "./conda-request.ts";
import { isExplicit, parseExplicit } from "./explicit-file.ts";
import { readPixiLock } from "./pixi-lock.ts";
import { readPixiProject } from "./pixi-toml.ts";

const forge = "https://conda.anaconda.org/conda-forge";
const file = (path: string, text: string): { path: string; text: string } => ({ path, text });
const sha256 = "a".repeat(64);
const md5 = "b".repeat(32);

test.each([
  [[], [forge]],
  [["conda-forge"], [forge]],
  [
    ["bioconda", "conda-forge/"],
    ["https://conda.anaconda.org/bioconda", forge],
  ],
  [["defaults"], ["https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r", forge]],
  [["https://example.org/own", "nodefaults"], ["https://example.org/own"]],
  [["conda-forge/label/dev", "nodefaults"], [`${forge}/label/dev`]],
])("channels %j are %j", (names, urls) => {
  expect(channelUrls(names)).toEqual(urls);
});

test("a channel that only a package names is asked too", () => {
  expect(
    channelUrls(["conda-forge", "nodefaults"], ["bioconda::samtools", "conda-forge/linux-64::zlib", "numpy"]),
  ).toEqual([forge, "https://conda.anaconda.org/bioconda"]);
});

test.each([
  ["numpy", "numpy"],
  ["NumPy>=1,<2", "numpy"],
  ["numpy 1.2 py*", "numpy"],
  ["conda-forge::python=3.11", "python"],
  ["https://example.org/c::python=3.11", "python"],
  ["r-base[version='>=4']", "r-base"],
])("%j is about %j", (spec, name) => {
  expect(specName(spec)).toBe(name);
});

test.each([
  [`${forge}/linux-64/python-3.11.5-hab00c5b_0_cpython.conda`, { name: "python", version: "3.11.5" }],
  [`${forge}/noarch/ca-certificates-2024.1-0.tar.bz2`, { name: "ca-certificates", version: "2024.1" }],
  [`${forge}/noarch/repodata.json`, undefined],
])("%s", (url, expected) => {
  expect(packageOfUrl(url)).toEqual(expected);
});

describe("a list of addresses", () => {
  test("has digests of both kinds, or none", () => {
    const text = `# platform: linux-64\n@EXPLICIT\n${forge}/a-1-0.conda#${md5}\n${forge}/b-1-0.conda#sha256:${sha256}\n${forge}/c-1-0.tar.bz2\r\n`;

    expect(isExplicit(text)).toBe(true);
    expect(parseExplicit(file("x.lock", text))).toEqual([
      { url: `${forge}/a-1-0.conda`, md5 },
      { url: `${forge}/b-1-0.conda`, sha256 },
      { url: `${forge}/c-1-0.tar.bz2` },
    ]);
  });

  test.each(["numpy=1.2", `${forge}/a-1-0.zip`, `${forge}/a-1-0.conda#12`])(
    "with %j is refused with its line",
    (line) => {
      expect(() => parseExplicit(file("x.lock", `@EXPLICIT\n${line}\n`))).toThrow(/^x\.lock:2: /);
    },
  );
});

const condaLock = `version: 1
metadata:
  sources: [environment.yml]
package:
  - {name: zlib, version: "1.3", manager: conda, platform: linux-64, url: "${forge}/linux-64/zlib-1.3-0.conda", hash: {md5: ${md5}, sha256: ${sha256}}, category: main, optional: false}
  - {name: zlib, version: "1.3", manager: conda, platform: osx-64, url: "${forge}/osx-64/zlib-1.3-0.conda", hash: {md5: ${md5}}, category: main, optional: false}
  - {name: pytest, version: "8", manager: conda, platform: linux-64, url: "${forge}/noarch/pytest-8-0.conda", hash: {md5: ${md5}}, category: dev, optional: true}
  - {name: sphinx, version: "7", manager: conda, platform: linux-64, url: "${forge}/noarch/sphinx-7-0.conda", hash: {md5: ${md5}}, category: docs, optional: true}
  - {name: six, version: "1.16.0", manager: pip, platform: linux-64, url: "https://files.pythonhosted.org/packages/six-1.16.0-py2.py3-none-any.whl", hash: {sha256: ${sha256}}, category: main, optional: false}
`;

describe("conda-lock.yml", () => {
  test("gives the packages of a platform, those for development too", () => {
    const lock = readCondaLock(file("conda-lock.yml", condaLock), "linux-64");

    expect(lock.sources).toEqual(["environment.yml"]);
    expect(lock.packages).toEqual([
      { url: `${forge}/linux-64/zlib-1.3-0.conda`, md5, sha256 },
      { url: `${forge}/noarch/pytest-8-0.conda`, md5 },
    ]);
    expect(lock.pip).toEqual([
      { name: "six", version: "1.16.0", origin: { kind: "index" }, hashes: [`sha256:${sha256}`], isSourceOnly: false },
    ]);
  });

  test.each([
    ["version: 2\npackage: []\n", /version 2 is not known/],
    ["version: 1\npackage: []\n", /has no packages for linux-64/],
    ["version: 1\npackage: [{platform: linux-64, manager: conda}]\n", /a package has no address/],
    ["[", /^conda-lock\.yml:\d+:\d+: /],
  ])("%j is refused", (text, message) => {
    expect(() => readCondaLock(file("conda-lock.yml", text), "linux-64")).toThrow(message);
  });
});

const pixiLock = `version: 6
environments:
  default:
    channels: [{url: "${forge}/"}]
    indexes: ["https://pypi.org/simple"]
    packages:
      linux-64:
      - conda: ${forge}/linux-64/python-3.12.1-h1_0.conda
      - pypi: https://files.pythonhosted.org/packages/six-1.16.0-py2.py3-none-any.whl
      - pypi: ./
      - pypi: git+https://example.org/x.git#0123abcd
  other:
    packages:
      linux-64:
      - conda: ${forge}/linux-64/unwanted-1-0.conda
packages:
- conda: ${forge}/linux-64/python-3.12.1-h1_0.conda
  sha256: ${sha256}
  md5: ${md5}
- conda: ${forge}/linux-64/unwanted-1-0.conda
- pypi: https://files.pythonhosted.org/packages/six-1.16.0-py2.py3-none-any.whl
  name: six
  version: 1.16.0
  sha256: ${sha256}
- pypi: ./
  name: app
  version: 0.1.0
- pypi: git+https://example.org/x.git#0123abcd
  name: x
  version: 0.1.0
`;

describe("pixi.lock", () => {
  test("gives the packages of the default environment", () => {
    const lock = readPixiLock(file("pixi.lock", pixiLock), "linux-64");

    expect(lock.packages).toEqual([{ url: `${forge}/linux-64/python-3.12.1-h1_0.conda`, sha256, md5 }]);
    expect(lock.pip.map(({ name, origin }) => [name, origin])).toEqual([
      ["six", { kind: "index" }],
      ["app", { kind: "path", path: "./" }],
      ["x", { kind: "git", url: "https://example.org/x.git", commit: "0123abcd" }],
    ]);
  });

  test("of version 4 is read too", () => {
    const text = `version: 4\nenvironments: {default: {packages: {linux-64: [{conda: "${forge}/linux-64/a-1-0.conda"}]}}}\npackages: [{kind: conda, name: a, version: "1", url: "${forge}/linux-64/a-1-0.conda", md5: ${md5}}]\n`;

    expect(readPixiLock(file("pixi.lock", text), "linux-64").packages).toEqual([
      { url: `${forge}/linux-64/a-1-0.conda`, md5 },
    ]);
  });

  test("without the platform, or of another version, is refused", () => {
    expect(() => readPixiLock(file("pixi.lock", pixiLock), "linux-aarch64")).toThrow(/no packages for linux-aarch64/);
    expect(() => readPixiLock(file("pixi.lock", "version: 99\n"), "linux-64")).toThrow(/version 99 is not known/);
  });
});

describe("a project of pixi", () => {
  const manifest = `[workspace]
channels = ["conda-forge", { channel = "https://example.org/own", priority = 1 }]
platforms = ["linux-64"]
[dependencies]
python = "3.12.*"
numpy = ">=1.26, <2"
zlib = "*"
gdal = { version = ">=3", channel = "conda-forge", build = "py*" }
[target.linux-64.dependencies]
libgcc = "*"
[target.osx-64.dependencies]
unwanted = "*"
[feature.extra.dependencies]
tool = "1"
[environments]
default = ["extra"]
[pypi-dependencies]
six = "==1.16.0"
app = { path = ".", editable = true }
x = { git = "https://example.org/x.git", rev = "0123", extras = ["y"] }
`;

  test("has the packages of its default environment", () => {
    expect(readPixiProject(file("pixi.toml", manifest), "linux-64")).toEqual({
      channels: ["conda-forge", "https://example.org/own"],
      specs: [
        "python 3.12.*",
        "numpy >=1.26,<2",
        "zlib",
        "conda-forge::gdal[version='>=3',build='py*']",
        "libgcc",
        "tool 1",
      ],
      pipLines: ["six==1.16.0", ".", "x[y] @ git+https://example.org/x.git@0123"],
    });
  });

  test("in pyproject.toml has the project's own dependencies too", () => {
    const text =
      '[project]\nname = "a"\nrequires-python = ">= 3.11"\ndependencies = ["six"]\n[tool.pixi.workspace]\nchannels = ["conda-forge"]\n[tool.pixi.dependencies]\nzlib = "*"\n';

    expect(readPixiProject(file("pyproject.toml", text), "linux-64")).toEqual({
      channels: ["conda-forge"],
      specs: ["zlib", "python >=3.11"],
      pipLines: ["six"],
    });
  });

  test("with a package that only pixi can build is refused", () => {
    expect(() => readPixiProject(file("pixi.toml", '[dependencies]\na = { path = "a" }\n'), "linux-64")).toThrow(
      /only pixi itself does/,
    );
  });
});
