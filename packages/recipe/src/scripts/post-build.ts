import { shellQuote } from "@repo2singularity/base";
import { activationLines } from "./activation.ts";
import { imageLayout } from "./image-layout.ts";
import { joinProgramLines, joinServerLines } from "./join-server.ts";
import { createRunStep, type RunStep } from "./run-step.ts";

/**
 * The step that runs the repository's postBuild in the repository's folder, and then lets the server catch up.
 * @param path of the script, relative to the repository's root, such as `binder/postBuild`
 */
export function postBuildStep(path: string): RunStep {
  const script = shellQuote(`${imageLayout.repo}/${path}`);
  const lines = [
    joinProgramLines().trimEnd(),
    activationLines.trimEnd(),
    `chmod +x ${script}`,
    `R2S_JOIN=/tmp/r2s-join.py ${script} </dev/null`,
    joinServerLines(),
  ].join("\n");
  return createRunStep("Run postBuild", lines, { cwd: imageLayout.repo, caches: ["uv"], network: true });
}

/** The step that makes the repository's start script executable. */
export function startScriptStep(path: string): RunStep {
  return createRunStep("Make start executable", `chmod +x ${shellQuote(`${imageLayout.repo}/${path}`)}\n`);
}
