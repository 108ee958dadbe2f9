import { defaultPath } from "../default-path.ts";

/** Where `%post` leaves variables for the finished image. */
export const environmentFile = "/.singularity.d/env/91-environment.sh";

/** Where `%post` leaves labels for the finished image; taken out of the layer again. */
export const labelsFile = "/.build.labels";

/**
 * The variables that sections of a definition file run with: the base's own, and Apptainer's under both names.
 * Source: what `env` prints in `%post` under Apptainer 1.4.5
 */
export function stepEnvironment(image: Readonly<Record<string, string>>): Record<string, string> {
  const own = { ENVIRONMENT: environmentFile, LABELS: labelsFile, ROOTFS: "/" };
  const named = Object.entries(own).flatMap(([name, value]) => [
    [`APPTAINER_${name}`, value],
    [`SINGULARITY_${name}`, value],
  ]);
  return { PATH: defaultPath, LANG: "C", HOME: "/root", ...image, ...Object.fromEntries(named) };
}
