import { AppError } from "@repo2singularity/base";
import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import { asTable, asTables, asText, readToml, type Table } from "../python/toml-file.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { type JuliaRange, tryParseCompat } from "./version-ranges.ts";

/** The Julia that a repository asks for: one release, or the newest of some ranges. */
export type JuliaRequest = {
  /** What is asked for as it is written, and who asks; for people. */
  readonly asked: string;
} & ({ readonly exact: string } | { readonly ranges: readonly JuliaRange[] });

/** What a repository says of its Julia. */
export interface JuliaFiles {
  readonly request: JuliaRequest;
  /** Paths of the files that say which packages are installed, relative to the repository; the project's first. */
  readonly paths: readonly [project: string, ...others: string[]];
  readonly hasManifest: boolean;
  /** Whether installing reads other files of the repository. */
  readonly needsRepository: boolean;
}

/** repo2docker's, when nothing asks for a version. */
const defaultCompat = "1.6";

/** Files beside the project that belong to it. Source: Julia manual, "Code Loading"; Preferences.jl */
const companions = /^(?:(?:Julia)?Manifest(?:-v\d+\.\d+)?|(?:Julia)?LocalPreferences)\.toml$/;

/**
 * Reads `JuliaProject.toml` or `Project.toml`, and the manifest beside it.
 * @throws E_RECIPE_FILE_INVALID for TOML that cannot be parsed, other shapes, and a version that is none,
 * E_RECIPE_JULIA_UNSUPPORTED when there is only the `REQUIRE` of old
 */
export function readJuliaFiles(tree: RepoTree, directory: ConfigDirectory): JuliaFiles {
  const read = (name: string): ConfigFile | undefined => readConfigFile(tree, configPath(directory, name));
  const file = read("JuliaProject.toml") ?? read("Project.toml");
  if (file === undefined) throw unsupported(configPath(directory, "REQUIRE"));
  const project = readToml(file);
  const manifestFile = read("JuliaManifest.toml") ?? read("Manifest.toml");
  const manifest = manifestFile === undefined ? {} : readToml(manifestFile);
  const locked = manifestFile === undefined ? undefined : lockedRequest(manifestFile, manifest);
  const folder = configPath(directory, "");
  const others = tree.paths.filter(
    (path) =>
      path.startsWith(folder) && companions.test(path.slice(folder.length)) && tree.readText(path) !== undefined,
  );
  return {
    request: locked ?? compatRequest(file, project),
    paths: [file.path, ...others],
    hasManifest: manifestFile !== undefined,
    needsRepository:
      project["workspace"] !== undefined ||
      Object.values(asTable(file, project["sources"], "sources") ?? {}).some(hasPath) ||
      (manifestFile !== undefined && packagesOf(manifestFile, manifest).some(hasPath)),
  };
}

function unsupported(path: string): AppError {
  return new AppError(
    "E_RECIPE_JULIA_UNSUPPORTED",
    `${path} lists packages for Julia 0.6, which no server has any more`,
    {
      hint: `write a Project.toml with the same packages: julia --project=. -e 'using Pkg; Pkg.add("NAME")'`,
      data: { path },
    },
  );
}

/** The packages of a manifest: since its format 2 in a table of their own. Source: Pkg.jl, "Manifest.toml" */
function packagesOf(file: ConfigFile, manifest: Table): readonly Table[] {
  const packages =
    manifest["manifest_format"] === undefined ? manifest : (asTable(file, manifest["deps"], "deps") ?? {});
  return Object.entries(packages).flatMap(([name, entries]) =>
    Array.isArray(entries) ? asTables(file, entries, name) : [],
  );
}

/** Whether a package lies in a folder, which is one of the repository. */
function hasPath(entry: unknown): boolean {
  return typeof entry === "object" && entry !== null && "path" in entry;
}

/** @returns `undefined` for the manifests of Julias before 1.7, which do not say who wrote them */
function lockedRequest(file: ConfigFile, manifest: Table): JuliaRequest | undefined {
  const version = asText(file, manifest["julia_version"], "julia_version");
  if (version === undefined) return undefined;
  const asked = `${file.path} was made by Julia ${version}`;
  if (/^\d+\.\d+\.\d+(-(alpha|beta|rc)\d+)?$/.test(version)) return { exact: version, asked };
  // Of a build from source there is only the line.
  const line = /^\d+\.\d+(?=\.\d+-)/.exec(version)?.[0];
  const ranges = line === undefined ? undefined : tryParseCompat(`~${line}`);
  if (ranges !== undefined) return { ranges, asked };
  throw invalidFile(file.path, `julia_version "${version}" is no version of Julia`);
}

function compatRequest(file: ConfigFile, project: Table): JuliaRequest {
  const written = asText(file, asTable(file, project["compat"], "compat")?.["julia"], "compat.julia");
  const ranges = tryParseCompat(written ?? defaultCompat);
  if (ranges === undefined) {
    throw invalidFile(file.path, `compat.julia "${written}" is no list of versions`, {
      hint: 'write for example "1.10", "~1.9.2", "1.6 - 1.9" or "1.6, 2"',
    });
  }
  const asked = written === undefined ? "nothing asks for a version" : `${file.path} asks for ${written}`;
  return { ranges, asked };
}
