import { imageLayout } from "./image-layout.ts";
import { joinProgram } from "./join-program.ts";
import { createRunStep, type RunStep, writeFileLines } from "./run-step.ts";

/** Lines of sh that put the join program where {@link joinServerLines} and the wrappers find it. */
export function joinProgramLines(): string {
  return writeFileLines("/tmp/r2s-join.py", joinProgram);
}

/** Lines of sh that let the server catch up with what was installed; after {@link joinProgramLines}. */
export function joinServerLines(): string {
  return `${imageLayout.environment}/bin/python -I /tmp/r2s-join.py\n`;
}

/** The step that follows the user's packages: extensions into the server, wrappers, kernels. */
export function joinServerStep(): RunStep {
  return createRunStep("Bring extensions into the server", joinProgramLines() + joinServerLines(), {
    caches: ["uv"],
    network: true,
  });
}
