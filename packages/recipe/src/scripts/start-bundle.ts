import { imageLayout } from "./image-layout.ts";
import { recordProgram } from "./record-program.ts";
import { createRunStep, type RunStep, writeFileLines } from "./run-step.ts";

/** Lines of sh that write the start-up bundle, or keep the one that is there and still right. */
export function startBundleLines(): string {
  const { programs, server } = imageLayout;
  return [
    "folder=$(mktemp -d)",
    writeFileLines('"$folder/record.py"', recordProgram).trimEnd(),
    // A start writes settings into its home, so it gets a copy of the build's.
    'cp -R "$HOME" "$folder/home"',
    `env HOME="$folder/home" JUPYTER_RUNTIME_DIR="$folder/runtime" JUPYTER_TOKEN=build PYTHONWARNINGS=ignore \\`,
    `  ${server}/bin/python -I "$folder/record.py" ${programs} "$folder/socket" ${programs}/start.bundle </dev/null`,
    'rm -rf "$folder"',
    "",
  ].join("\n");
}

/**
 * The step that records one start of the server. Comes after the bytecode step: the bundle's code objects are
 * those of the compiled files.
 */
export function startBundleStep(): RunStep {
  return createRunStep("Record a start of the server", startBundleLines());
}
