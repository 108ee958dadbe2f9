import type { Step } from "@repo2singularity/contracts";
import { cleanStep } from "../scripts/clean.ts";
import { compileBytecodeStep } from "../scripts/compile-bytecode.ts";
import { startBundleStep } from "../scripts/start-bundle.ts";

/**
 * The steps that end every group in which Python packages came or went: bytecode for the read-only image, a
 * start-up bundle made of it, and nothing left that tells when it was built.
 */
export function finishSteps(): Step[] {
  return [compileBytecodeStep(), startBundleStep(), cleanStep()];
}
