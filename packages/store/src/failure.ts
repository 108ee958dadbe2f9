import { AppError, errnoOf, isAbortError, isAppError } from "@repo2singularity/base";

/**
 * Turns the failure of a system call on the cache into an error for people.
 * Aborts and errors that are readable already come back as they are.
 * @param path the file or folder that the call was about
 */
export function storeFailure(error: unknown, path: string): unknown {
  if (isAppError(error) || isAbortError(error)) return error;
  const errno = errnoOf(error);
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    const what = errno === "EDQUOT" ? "the quota is used up" : "the disk is full";
    return new AppError("E_NO_SPACE", `${path}: ${what}`, {
      hint: "free space with `repo2singularity cache prune`, or set XDG_CACHE_HOME to a larger disk",
      data: { path, errno },
      cause: error,
    });
  }
  const reason = errno ?? (error instanceof Error ? error.message : String(error));
  return new AppError("E_STORE_UNUSABLE", `${path}: the cache cannot be used here: ${reason}`, {
    hint: "set XDG_CACHE_HOME to a folder that you may write",
    data: { path, errno },
    cause: error,
  });
}

/** Runs system calls on the cache and turns their failures into errors for people. */
export async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeFailure(error, path);
  }
}

/** Awaits a call that may find nothing there. @returns undefined for ENOENT and ENOTDIR */
export async function orAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}
