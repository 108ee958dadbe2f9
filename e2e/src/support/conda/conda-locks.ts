import type { CondaArchive } from "./conda-package.ts";

/** A wheel as the public index has it. */
const six = {
  url: "https://files.pythonhosted.org/packages/d9/5a/e7c31adbe875f2abbb91bd84cf2dc52d792b5a01506781dbcf25c91daf11/six-1.16.0-py2.py3-none-any.whl",
  sha256: "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254",
};

/** Where a package would lie if it were one of the public channel. */
export function publicUrl({ file, subdir }: CondaArchive): string {
  return `https://conda.anaconda.org/conda-forge/${subdir}/${file}`;
}

/** A `pixi.lock` of these packages and one of a Python index. Source: rattler, `rattler_lock`, version 6 */
export function pixiLock(archives: readonly CondaArchive[]): string {
  const packages = archives.map((archive) => ({ url: publicUrl(archive), record: archive.record }));
  return [
    "version: 6",
    "environments:",
    "  default:",
    "    channels:",
    "    - url: https://conda.anaconda.org/conda-forge/",
    "    indexes:",
    "    - https://pypi.org/simple",
    "    packages:",
    "      linux-64:",
    ...packages.map(({ url }) => `      - conda: ${url}`),
    `      - pypi: ${six.url}`,
    "packages:",
    ...packages.flatMap(({ url, record }) => [
      `- conda: ${url}`,
      `  sha256: ${String(record["sha256"])}`,
      `  md5: ${String(record["md5"])}`,
    ]),
    `- pypi: ${six.url}`,
    "  name: six",
    "  version: 1.16.0",
    `  sha256: ${six.sha256}`,
    "",
  ].join("\n");
}

/** A `conda-lock.yml` that was made of `environment.yml`. Source: conda-lock, `lockfile/v1/models.py` */
export function condaLock(archives: readonly CondaArchive[]): string {
  const entry = (manager: string, name: string, version: string, url: string, hash: readonly string[]): string[] => [
    `- name: ${name}`,
    `  version: ${version}`,
    `  manager: ${manager}`,
    "  platform: linux-64",
    "  dependencies: {}",
    `  url: ${url}`,
    "  hash:",
    ...hash.map((line) => `    ${line}`),
    "  category: main",
    "  optional: false",
  ];
  return [
    "version: 1",
    "metadata:",
    "  channels:",
    "  - url: conda-forge",
    "    used_env_vars: []",
    "  platforms:",
    "  - linux-64",
    "  sources:",
    "  - environment.yml",
    "package:",
    ...archives.flatMap((archive) => {
      const { name, version, md5, sha256 } = archive.record;
      const hash = [`md5: ${String(md5)}`, `sha256: ${String(sha256)}`];
      return entry("conda", String(name), String(version), publicUrl(archive), hash);
    }),
    ...entry("pip", "six", "1.16.0", six.url, [`sha256: ${six.sha256}`]),
    "",
  ].join("\n");
}
