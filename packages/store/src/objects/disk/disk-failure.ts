import { AppError, errnoOf, isAbortError, isAppError } from "@repo2singularity/base";

/**
 * Runs system calls on a folder of objects and turns their failures into errors for people.
 * @param path the file or folder that the calls are about
 * @throws E_NO_SPACE when the disk or quota is full, E_FILE_ACCESS for any other failure
 */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isAppError(error) || isAbortError(error) ? error : diskFailure(error, path);
  }
}

function diskFailure(error: unknown, path: string): AppError {
  const errno = errnoOf(error);
  const data = { path, errno };
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    const what = errno === "EDQUOT" ? "the quota is used up" : "the disk is full";
    return new AppError("E_NO_SPACE", `${path}: ${what}`, { hint: "free space there", data, cause: error });
  }
  const reason = reasons[errno ?? ""] ?? errno ?? (error instanceof Error ? error.message : String(error));
  return new AppError("E_FILE_ACCESS", `${path}: cannot be used for an object: ${reason}`, { data, cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  ENOTDIR: "a part of the name is an object of its own",
  EEXIST: "a part of the name is an object of its own",
  EISDIR: "other objects lie below that name",
  ENOTEMPTY: "other objects lie below that name",
  EACCES: "permission denied",
  EROFS: "the file system is read-only",
};
