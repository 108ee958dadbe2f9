import { isAbsolute, join } from "node:path";

/**
 * The folder for the cache of this user, from the variables that say where big files may lie:
 * `XDG_CACHE_HOME`, then `APPTAINER_CACHEDIR` and `SINGULARITY_CACHEDIR` (set by many sites because homes are small),
 * then `~/.cache`. Relative values are ignored, as the XDG base directory specification says.
 *
 * @param env the environment of the caller
 * @param homeDir the home folder, absolute
 * @returns an absolute path ending in `repo2singularity`; nothing is created
 */
export function defaultCacheDirectory(env: Readonly<Record<string, string | undefined>>, homeDir: string): string {
  const parents = [env["XDG_CACHE_HOME"], env["APPTAINER_CACHEDIR"], env["SINGULARITY_CACHEDIR"]];
  const parent = parents.find((value) => value !== undefined && isAbsolute(value));
  return join(parent ?? join(homeDir, ".cache"), "repo2singularity");
}
