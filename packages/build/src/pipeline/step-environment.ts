import type { Recipe } from "@repo2singularity/contracts";
import { mountsFolder } from "../executor/port.ts";
import { softwareTimeSeconds } from "./group-key.ts";
import { cacheMount } from "./step-setting.ts";

/**
 * The variables of a step before its own: a clean environment of what the image's programs get, and of what makes builds
 * the same everywhere.
 */
export function stepEnvironment(step: {
  readonly recipe: Pick<Recipe, "environment" | "pathPrefix">;
  /** PATH of the base. */
  readonly basePath: string;
  /** The time that every file of the step's layer carries, seconds since 1970. */
  readonly mtimeSeconds: number;
}): Record<string, string> {
  const { recipe, basePath, mtimeSeconds } = step;
  return {
    HOME: "/tmp",
    TMPDIR: "/tmp",
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    DEBIAN_FRONTEND: "noninteractive",
    SOURCE_DATE_EPOCH: String(Math.max(mtimeSeconds, softwareTimeSeconds)),
    PYTHONHASHSEED: "0",
    UV_CACHE_DIR: cacheMount("uv"),
    UV_LINK_MODE: "copy",
    UV_NO_PROGRESS: "1",
    npm_config_cache: cacheMount("npm"),
    ...recipe.environment,
    PATH: [`${mountsFolder}/bin`, ...recipe.pathPrefix, basePath].join(":"),
  };
}
