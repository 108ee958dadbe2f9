import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { removeTree } from "@repo2singularity/store";

/**
 * Gives a temporary path beside the output to write to, and renames it when the work succeeded, so that a final name
 * never holds half a file or folder.
 * @throws E_OUTPUT_EXISTS when the output is there and `force` is not set
 */
export async function writeOutput<T>(
  output: string,
  force: boolean,
  work: (temporaryPath: string) => Promise<T>,
): Promise<T> {
  if (existsSync(output) && !force) {
    throw new AppError("E_OUTPUT_EXISTS", `${output} is there already`, { hint: "choose another name or add --force" });
  }
  const temporary = path.join(path.dirname(output), `.${path.basename(output)}.${process.pid}.partial`);
  try {
    const result = await work(temporary);
    await rename(temporary, output);
    return result;
  } finally {
    await removeTree(temporary);
  }
}
