import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import { parseRuntimeTxt } from "../python/runtime-txt.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import type { RRequest } from "./choose-r.ts";
import { findShinyApp } from "./shiny.ts";
import { firstSnapshotDay } from "./snapshot.ts";

/** What a repository says of its R. */
export interface RFiles {
  readonly request?: RRequest;
  /** The day of the CRAN snapshot, `YYYY-MM-DD`. */
  readonly date?: string;
  /** Paths of the files, relative to the repository. */
  readonly runtime?: string;
  readonly description?: string;
  readonly renvLock?: string;
  readonly installR?: ConfigFile;
  /** The file of a Shiny app in the repository's root. */
  readonly shinyApp?: string;
}

/**
 * Reads `runtime.txt`, `DESCRIPTION`, `renv.lock` and `install.R`, and looks for a Shiny app.
 * @throws E_RECIPE_FILE_INVALID for a malformed file or a day before the first snapshot
 */
export function readRFiles(tree: RepoTree, directory: ConfigDirectory): RFiles {
  const file = readConfigFile(tree, configPath(directory, "runtime.txt"));
  const runtime = file === undefined || !file.text.trim().startsWith("r-") ? undefined : parseRuntimeTxt(file);
  if (file !== undefined && runtime?.date !== undefined && runtime.date < firstSnapshotDay) {
    throw invalidFile(file.path, `no snapshot of CRAN is as old as ${runtime.date}`, {
      line: 1,
      hint: `write a day from ${firstSnapshotDay} on`,
    });
  }
  const lockPath = configPath(directory, "renv.lock");
  const lock = readConfigFile(tree, lockPath);
  const request = requestOf(file?.path, runtime?.version, lock);
  const description = directory === "" && tree.readText("DESCRIPTION") !== undefined ? "DESCRIPTION" : undefined;
  const installR = readConfigFile(tree, configPath(directory, "install.R"));
  const shinyApp = findShinyApp(tree);
  return {
    ...(shinyApp === undefined ? {} : { shinyApp }),
    ...(request === undefined ? {} : { request }),
    ...(runtime?.date === undefined ? {} : { date: runtime.date }),
    ...(runtime === undefined || file === undefined ? {} : { runtime: file.path }),
    ...(description === undefined ? {} : { description }),
    ...(lock === undefined ? {} : { renvLock: lock.path }),
    ...(installR === undefined ? {} : { installR }),
  };
}

/** `runtime.txt` goes before the lock. */
function requestOf(
  runtimePath: string | undefined,
  version: string | undefined,
  lock: ConfigFile | undefined,
): RRequest | undefined {
  if (runtimePath !== undefined && version !== undefined) {
    if (/^\d+(\.\d+){0,2}$/.test(version)) return { version, from: runtimePath };
    throw invalidFile(runtimePath, `"${version}" is no version of R`, { line: 1, hint: "write for example r-4.4" });
  }
  return lock === undefined ? undefined : { version: lockedRVersion(lock), from: lock.path };
}

/** The release does not matter for a lock: packages are built for a line such as 4.4. Source: renv, "lockfile" */
function lockedRVersion(lock: ConfigFile): string {
  let value: unknown;
  try {
    value = JSON.parse(lock.text);
  } catch (cause) {
    throw invalidFile(lock.path, `it is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: "write it anew with renv::snapshot()",
    });
  }
  const version = field(field(value, "R"), "Version");
  if (typeof version === "string" && /^\d+\.\d+/.test(version)) return version.split(".").slice(0, 2).join(".");
  throw invalidFile(lock.path, "it names no version of R", { hint: "write it anew with renv::snapshot()" });
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined; // JSON
}
