import { AppError } from "./errors/app-error.ts";

/**
 * How many files, folders and links a repository, and what one step leaves, may have when nobody says otherwise: several
 * times what the largest environments install. A build holds about 1.5 kB of memory for each.
 */
export const defaultMaxFiles = 1_000_000;

/**
 * The error for a tree with more entries than that.
 * @param what where they lie
 */
export function tooManyFiles(what: string, maxFiles: number): AppError {
  const limit = maxFiles.toLocaleString("en");
  return new AppError("E_LIMIT_EXCEEDED", `${what}: more than ${limit} files, folders and links, which is the limit`, {
    hint: "pack them into an archive or leave them outside of the image; R2S_MAX_FILES, or maxFiles of the configuration, raises the limit",
    data: { maxFiles },
  });
}
