import type { ContainerRecipe } from "@repo2singularity/contracts";

/**
 * Arguments that every Dockerfile has without being given them; a stage sees them once it declares them.
 * Source: Dockerfile reference, "Automatic platform ARGs in the global scope"
 */
export function platformArgs(platform: ContainerRecipe["platform"]): Readonly<Record<string, string>> {
  const [os = "", architecture = ""] = platform.split("/");
  const values = { PLATFORM: platform, OS: os, ARCH: architecture, VARIANT: "" };
  const pairs = Object.entries(values).flatMap(([name, value]) => [
    [`TARGET${name}`, value],
    [`BUILD${name}`, value],
  ]);
  return Object.fromEntries(pairs);
}

/** Arguments that instructions see without declaring them when the command line gives them. */
export const predefinedArgs: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "FTP_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
].flatMap((name) => [name, name.toLowerCase()]);

/**
 * Arguments that repo2docker gives every Dockerfile; the command line's own win.
 * Source: repo2docker `buildpacks/docker.py` and the defaults of its command line
 */
export const repo2dockerArgs: Readonly<Record<string, string>> = {
  NB_USER: "jovyan",
  NB_UID: "1000",
  REPO_DIR: "/home/jovyan",
};
