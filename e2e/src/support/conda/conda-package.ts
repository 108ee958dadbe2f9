import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { zstdCompressSync } from "node:zlib";
import { storedZip } from "../stored-zip.ts";

/** A conda package to be made of a folder. */
export interface CondaSource {
  readonly name: string;
  readonly version: string;
  readonly subdir: "linux-64" | "noarch";
  /** What the package puts into an environment. */
  readonly folder: string;
  readonly depends?: readonly string[];
  /** Text in files that installing replaces by the environment's folder, and the files. */
  readonly placeholder?: { readonly text: string; readonly files: readonly string[] };
  /** Commands of a noarch Python package, such as `greet = greet:main`. */
  readonly entryPoints?: readonly string[];
  readonly format: ".conda" | ".tar.bz2";
  /** When it was built, in milliseconds since 1970; in 2020 when left out. */
  readonly builtAtMs?: number;
}

/** A package as a channel has it. */
export interface CondaArchive {
  readonly file: string;
  readonly subdir: string;
  readonly content: Buffer;
  /** Its entry in `repodata.json`. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Makes a package. Source: conda, "Package specification" */
export function makeCondaPackage(source: CondaSource, scratch: string): CondaArchive {
  const { name, version, subdir, folder, format } = source;
  const isPython = source.entryPoints !== undefined;
  const index = {
    name,
    version,
    build: "0",
    build_number: 0,
    depends: source.depends ?? [],
    subdir,
    timestamp: source.builtAtMs ?? 1_600_000_000_000,
    ...(isPython ? { noarch: "python" } : {}),
  };
  const info = path.join(scratch, `${name}-info`, "info");
  rmSync(path.dirname(info), { recursive: true, force: true });
  mkdirSync(info, { recursive: true });
  writeFileSync(path.join(info, "index.json"), JSON.stringify(index));
  writeFileSync(path.join(info, "paths.json"), JSON.stringify({ paths_version: 1, paths: listPaths(source) }));
  if (isPython) {
    const noarch = { type: "python", entry_points: source.entryPoints };
    writeFileSync(path.join(info, "link.json"), JSON.stringify({ noarch, package_metadata_version: 1 }));
  }
  const stem = `${name}-${version}-0`;
  const content = format === ".conda" ? dotConda(stem, path.dirname(info), folder) : tarBz2(path.dirname(info), folder);
  const digest = (algorithm: string): string => createHash(algorithm).update(content).digest("hex");
  const record = { ...index, md5: digest("md5"), sha256: digest("sha256"), size: content.length };
  return { file: stem + format, subdir, content, record };
}

function listPaths({ folder, placeholder }: CondaSource): readonly object[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const place = path.relative(folder, file);
      if (entry.isSymbolicLink()) return { _path: place, path_type: "softlink" };
      const content = readFileSync(file);
      const replaced = placeholder?.files.includes(place) === true;
      return {
        _path: place,
        path_type: "hardlink",
        sha256: createHash("sha256").update(content).digest("hex"),
        size_in_bytes: content.length,
        ...(replaced ? { prefix_placeholder: placeholder.text, file_mode: "text" } : {}),
      };
    });
}

function tar(...folders: readonly string[]): Buffer {
  const options = ["--format=gnu", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@1600000000"];
  const words = folders.flatMap((folder) => ["-C", folder, ...readdirSync(folder)]);
  return execFileSync("tar", [...options, "-cf", "-", ...words], { maxBuffer: 2 ** 30 });
}

function dotConda(stem: string, info: string, folder: string): Buffer {
  return storedZip([
    ["metadata.json", Buffer.from('{"conda_pkg_format_version": 2}')],
    [`pkg-${stem}.tar.zst`, zstdCompressSync(tar(folder))],
    [`info-${stem}.tar.zst`, zstdCompressSync(tar(info))],
  ]);
}

function tarBz2(info: string, folder: string): Buffer {
  return execFileSync("bzip2", ["-c"], { input: tar(info, folder), maxBuffer: 2 ** 30 });
}
