import path from "node:path";
import { isAppError, type ProcessRunner } from "@repo2singularity/base";
import type { Store } from "@repo2singularity/store";
import { uvVariables } from "../host/step-env.ts";
import type { HostSettings } from "../host/host-settings.ts";
import type { EnsuredTool } from "../tool/ensure-tool.ts";

/** How repo2docker is started on this machine. */
export interface Repo2dockerProgram {
  readonly command: string;
  /** In front of its own arguments. */
  readonly args: readonly string[];
  /** Variables added to the user's. */
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
}

/** The version that is taken where the user has none. */
const pinnedVersion = "2026.4.0";

/** What finding it needs. */
export interface Repo2dockerSearch {
  readonly runner: ProcessRunner;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: Pick<HostSettings, "python">;
  readonly store: Pick<Store, "directory">;
  readonly ensureUv: () => Promise<EnsuredTool>;
  readonly signal: AbortSignal;
}

/**
 * The user's own repo2docker when one is on the PATH: whoever names this builder wants what that one does. Else a pinned
 * version from the machine's Python index, in an environment that uv makes in our cache and keeps.
 * @throws E_TOOL_UNAVAILABLE, E_PROCESS_FAILED when it cannot be had
 */
export async function findRepo2docker(search: Repo2dockerSearch): Promise<Repo2dockerProgram> {
  const { runner, env, signal } = search;
  const own = { command: "jupyter-repo2docker", args: [], env: {} };
  try {
    const { stdout } = await runner(own.command, ["--version"], { env, signal });
    return { ...own, version: stdout.trim() };
  } catch (error) {
    if (!isAppError(error, "E_PROCESS_NOT_FOUND")) throw error;
  }
  const uv = await search.ensureUv();
  const downloads = path.join(search.store.directory, "downloads");
  const fetched = {
    command: uv.path,
    args: ["tool", "run", "--quiet", "--from", `jupyter-repo2docker==${pinnedVersion}`, own.command],
    env: {
      ...uvVariables(search.settings, search.settings.python.findLinks),
      UV_CACHE_DIR: path.join(downloads, "uv"),
      UV_PYTHON_INSTALL_DIR: path.join(downloads, "uv-pythons"),
    },
  };
  const { stdout } = await runner(fetched.command, [...fetched.args, "--version"], {
    env: { ...env, ...fetched.env },
    signal,
  });
  return { ...fetched, version: stdout.trim() };
}
