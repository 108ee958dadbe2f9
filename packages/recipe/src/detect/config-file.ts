import { AppError } from "@repo2singularity/base";

/** A configuration file of the repository as it was read. */
export interface ConfigFile {
  /** Relative to the root that is built, such as `binder/apt.txt`. */
  readonly path: string;
  /** Without a byte order mark. */
  readonly text: string;
}

/**
 * The error for a configuration file that cannot be understood.
 * @param line counted from 1
 * @param column counted from 1
 */
export function invalidFile(
  path: string,
  problem: string,
  options: { readonly line?: number; readonly column?: number; readonly hint?: string; readonly cause?: unknown } = {},
): AppError {
  const { line, column, hint, cause } = options;
  const place = [path, line, column].filter((part) => part !== undefined).join(":");
  return new AppError("E_RECIPE_FILE_INVALID", `${place}: ${problem}`, {
    hint: hint ?? `correct ${path}`,
    data: { path, line, column },
    cause,
  });
}
