import type { Recipe } from "@repo2singularity/contracts";
import type { ConfigDirectory } from "../detect/config-directory.ts";
import { imageLayout } from "../scripts/image-layout.ts";

/** Where Julia and its packages lie in an image. */
export const juliaLayout = {
  program: "/srv/julia",
  /** Packages, their compiled code, and the environment with the notebooks' kernel. */
  depot: "/srv/julia/pkg",
  /** Where the kernel is registered, in the data folder that the server looks into. */
  jupyterData: `${imageLayout.environment}/share/jupyter`,
} as const;

/** Root of Julia's own builds, and of the list of them. */
export const juliaBuildsRoot = "https://julialang-s3.julialang.org";

/**
 * The folder of the project in the image, which is the active one of every Julia there.
 * A session that works on a copy of the repository has it in the copy.
 */
export function juliaProject(directory: ConfigDirectory): string {
  return directory === "" ? imageLayout.repo : `${imageLayout.repo}/${directory}`;
}

/**
 * Variables of Julia in an image and in the steps that build it. The depots are named one by one: an empty entry means
 * the folder in the user's home to Julias before 1.11. A session puts one of its own in front.
 */
export function juliaVariables(directory: ConfigDirectory): Readonly<Record<string, string>> {
  const { program, depot } = juliaLayout;
  return {
    JULIA_DEPOT_PATH: [depot, `${program}/local/share/julia`, `${program}/share/julia`].join(":"),
    JULIA_LOAD_PATH: "@:@v#.#:@stdlib",
    JULIA_PROJECT: juliaProject(directory),
  };
}

/**
 * The processors that packages are compiled for: those of Julia's own builds, so that an image runs on other machines.
 * Source: julialang.org, "Building system images", `JULIA_CPU_TARGET` of the release builds
 */
export const juliaProcessors: Readonly<Record<Recipe["platform"], string>> = {
  "linux/amd64": "generic;sandybridge,-xsaveopt,clone_all;haswell,-rdrnd,base(1)",
  "linux/arm64": "generic;cortex-a57;thunderx2t99;carmel",
};
