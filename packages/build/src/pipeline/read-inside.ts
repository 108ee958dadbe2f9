import { lstatSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { AppError, errnoOf } from "@repo2singularity/base";

const textLimitBytes = 4 * 2 ** 20;

/**
 * The text of a file of a repository; links are followed only inside it, so that no repository shows what else lies on
 * this machine.
 * @param directory of the repository
 * @param name relative to it
 * @returns `undefined` when there is no such file, or a link to nothing
 * @throws E_PATH_ESCAPE when a link leads out, E_LIMIT_EXCEEDED above 4 MiB
 */
export function readInside(directory: string, name: string): string | undefined {
  const place = realPathOf(path.resolve(directory, name));
  if (place === undefined) return undefined;
  if (!place.startsWith(`${realpathSync(directory)}/`)) {
    throw new AppError("E_PATH_ESCAPE", `${name}: a file of the repository is expected, found one outside it`, {
      hint: `replace the link ${name} by the file itself`,
    });
  }
  const stats = lstatSync(place);
  if (!stats.isFile()) return undefined;
  if (stats.size > textLimitBytes) {
    throw new AppError("E_LIMIT_EXCEEDED", `${name}: at most ${textLimitBytes} bytes are read, found ${stats.size}`);
  }
  return readFileSync(place, "utf8");
}

function realPathOf(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}
