import type { Decision, Step, StepGroup } from "@repo2singularity/contracts";
import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import { postBuildStep, startScriptStep } from "../scripts/post-build.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { finishSteps } from "./finish-steps.ts";

/** The scripts of a repository that run at build and at start. */
export interface RepoScripts {
  /** Paths relative to the repository. */
  readonly postBuild?: string;
  readonly start?: string;
  /** Whether one of them calls Node or npm, which are only in the image when needed. */
  readonly needsNode: boolean;
  readonly decisions: readonly Decision[];
}

/**
 * Finds `postBuild` and `start`.
 * @throws E_RECIPE_FILE_INVALID when one has Windows line ends in its `#!` line, which no kernel takes
 */
export function readScripts(tree: RepoTree, directory: ConfigDirectory): RepoScripts {
  const postBuild = readConfigFile(tree, configPath(directory, "postBuild"));
  const start = readConfigFile(tree, configPath(directory, "start"));
  const found = [postBuild, start].filter((file) => file !== undefined);
  for (const file of found) checkInterpreterLine(file);
  const decisions = found.map(({ path }): Decision => {
    return {
      subject: path,
      outcome: "used",
      reason: path === postBuild?.path ? "it runs once, at the end of the build" : "it runs before every command",
    };
  });
  return {
    ...(postBuild === undefined ? {} : { postBuild: postBuild.path }),
    ...(start === undefined ? {} : { start: start.path }),
    needsNode: found.some(({ text }) => /(^|[\s;&|(])(npm|npx|node|yarn|jlpm|labextension)(\s|$)/m.test(text)),
    decisions,
  };
}

function checkInterpreterLine(file: ConfigFile): void {
  if (!/^#![^\n]*\r\n/.test(file.text)) return;
  throw invalidFile(file.path, "the first line ends in a carriage return, so its interpreter is not found", {
    line: 1,
    hint: `convert the file to Unix line ends, for example with: sed -i 's/\\r$//' ${file.path}`,
  });
}

/** The group of what runs on the finished content. @returns `undefined` when the repository has no scripts */
export function planPostBuild(scripts: RepoScripts): StepGroup | undefined {
  const steps: Step[] = [
    ...(scripts.start === undefined ? [] : [startScriptStep(scripts.start)]),
    ...(scripts.postBuild === undefined ? [] : [postBuildStep(scripts.postBuild), ...finishSteps()]),
  ];
  return steps.length === 0 ? undefined : { name: "post-build", title: "postBuild", steps };
}
