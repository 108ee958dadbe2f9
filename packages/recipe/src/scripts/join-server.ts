import { imageLayout } from "./image-layout.ts";
import { joinProgram } from "./join-program.ts";
import { createRunStep, type RunStep, writeFileLines } from "./run-step.ts";

/** Lines of sh that put the join program where {@link joinServerLines} and the wrappers find it. */
export function joinProgramLines(): string {
  return writeFileLines("/tmp/r2s-join.py", joinProgram);
}

/** Lines of sh that let the server catch up with what was installed; after {@link joinProgramLines}. */
export function joinServerLines(): string {
  const { environment, server } = imageLayout;
  // A conda environment may have a Python that is too old for the program; there the server never moves.
  return [
    `joiner=${environment}/bin/python; [ ! -d ${environment}/conda-meta ] || joiner=${server}/bin/python`,
    '"$joiner" -I /tmp/r2s-join.py',
    "",
  ].join("\n");
}

/** The step that follows the user's packages: extensions into the server, wrappers, kernels. */
export function joinServerStep(): RunStep {
  return createRunStep("Bring extensions into the server", joinProgramLines() + joinServerLines(), {
    caches: ["uv"],
    network: true,
  });
}
