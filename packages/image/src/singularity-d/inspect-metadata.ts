import { environmentScripts } from "./environment-scripts.ts";
import type { SingularityTreeOptions } from "./tree.ts";

/** The name by which Apptainer finds the object that {@link inspectMetadata} gives. */
export const inspectMetadataName = "inspect-metadata.json";

/**
 * The JSON object that lets `apptainer inspect` answer without starting the image.
 * It says the same as the files of `singularityTree` for the same options.
 * Source: `pkg/inspect/inspect.go` of Apptainer 1.4 and objects it wrote.
 */
export function inspectMetadata(options: SingularityTreeOptions): string {
  const scripts = environmentScripts(options);
  const shown = ["10-docker2singularity.sh", "90-environment.sh"];
  const environment = shown.map((name) => [`/.singularity.d/env/${name}`, (scripts[name] ?? "").trimEnd()]);
  const labels = Object.entries(options.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const attributes = {
    environment: Object.fromEntries(environment),
    labels: Object.fromEntries(labels),
    runscript: options.runscript.trimEnd(),
    test: options.test?.trimEnd(),
    helpfile: options.help?.trimEnd(),
    deffile: options.definition.trimEnd(),
    startscript: (options.startscript ?? "#!/bin/sh\n").trimEnd(),
  };
  return JSON.stringify({ data: { attributes }, type: "container" });
}
