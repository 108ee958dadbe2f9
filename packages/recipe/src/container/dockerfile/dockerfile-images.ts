import { isAppError } from "@repo2singularity/base";
import type { ConfigFile } from "../../detect/config-file.ts";
import type { ContainerPlanOptions } from "../container-options.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";
import { splitStages } from "./stages.ts";

/**
 * The images that the `FROM` lines of a Dockerfile name, for whoever lets docker build it: what docker alone understands
 * is docker's to judge, so a file that cannot be read here names none.
 */
export function dockerfileImages(
  file: ConfigFile,
  options: Pick<ContainerPlanOptions, "buildArgs" | "platform">,
): readonly string[] {
  try {
    const { stages } = splitStages(parseDockerfile(file), options);
    return stages.flatMap(({ from, fromStage }) => (fromStage === undefined ? [`docker://${from}`] : []));
  } catch (error) {
    if (isAppError(error, "E_RECIPE_FILE_INVALID")) return [];
    throw error;
  }
}
