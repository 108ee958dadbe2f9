import { join } from "node:path";
import type { Mirrors } from "@repo2singularity/contracts";
import { type HostReader, variable } from "./host-reader.ts";

/** Where conda channels are on this machine; each only when something says so. Without a slash at the end. */
export interface CondaSettings {
  /** Stands for `https://conda.anaconda.org`. */
  readonly aliasUrl?: string;
  /** Stands for `https://repo.anaconda.com`. */
  readonly defaultsUrl?: string;
}

/**
 * Reads where conda would look for channels on this machine: `channel_alias` and `default_channels` of the first
 * `.condarc` that has them, behind the `mirrors` table. Both are plain lines in every such file, so that no YAML has to
 * be understood to find them. Tokens in addresses (`/t/TOKEN/`) stay in them: a mirror may need them.
 * Source: conda, "Using the .condarc conda configuration file"
 */
export async function readCondaSettings(host: HostReader, mirrors: Mirrors): Promise<CondaSettings> {
  const root = variable(host.env, "CONDA_ROOT", "CONDA_PREFIX");
  const paths = [
    variable(host.env, "CONDARC"),
    join(host.homeDir, ".condarc"),
    join(host.homeDir, ".mambarc"),
    root === undefined ? undefined : join(root, ".condarc"),
    "/etc/conda/.condarc",
    "/opt/conda/.condarc",
  ].filter((path) => path !== undefined);
  const texts = (await Promise.all(paths.map((path) => host.readFile(path)))).filter((text) => text !== undefined);
  const find = (pattern: RegExp): string | undefined =>
    texts.map((text) => pattern.exec(text)?.groups?.["url"]).find((url) => url !== undefined);
  const alias = mirrors.conda ?? find(/^channel_alias:\s*["']?(?<url>https?:\/\/[^\s"'#]+)/m);
  const defaults =
    mirrors.condaDefaults ?? find(/^default_channels:[\s\-["']*(?<url>https?:\/\/[^\s"',\]#]+?)\/pkgs\/main/m);
  return {
    ...(alias === undefined ? {} : { aliasUrl: alias.replace(/\/+$/, "") }),
    ...(defaults === undefined ? {} : { defaultsUrl: defaults.replace(/\/+$/, "") }),
  };
}
