import { AppError, isAbortError, isAppError } from "@repo2singularity/base";

/** What people can do about a failed system call, by its errno name. */
const reasons: Readonly<Record<string, { readonly text: string; readonly hint: string }>> = {
  EACCES: { text: "permission denied", hint: "choose a place that you may read and write" },
  EPERM: { text: "permission denied", hint: "choose a place that you may read and write" },
  EROFS: { text: "the file system is read-only", hint: "choose another place" },
  ENOENT: { text: "no such file or folder", hint: "check the path" },
  ENOTDIR: { text: "a part of the path is no folder", hint: "check the path" },
  ENAMETOOLONG: { text: "the name is too long", hint: "use shorter names, or fewer folders in one another" },
  ELOOP: { text: "links lead in a circle", hint: "remove the links" },
  EISDIR: { text: "is a folder", hint: "name a file" },
  EMFILE: { text: "too many open files", hint: "raise the limit with ulimit -n" },
  EIO: { text: "the disk cannot be read or written", hint: "see what the kernel says with dmesg" },
};

/**
 * Failed system calls as errors for people; everything else, errors that are readable already among them, comes back as
 * it is. Of an error and what then failed while things were put away, the first is told.
 */
export function readableError(error: unknown): unknown {
  if (error instanceof SuppressedError) return readableError(error.suppressed);
  if (isAppError(error) || isAbortError(error) || !isSystemError(error)) return error;
  const place = error.path ?? error.syscall;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    const what = error.code === "EDQUOT" ? "the quota is used up" : "the disk is full";
    return new AppError("E_NO_SPACE", `${place}: ${what}`, {
      hint: "free some space, with repo2singularity cache prune for example, or use another disk",
      cause: error,
    });
  }
  const reason = reasons[error.code];
  if (reason === undefined) return error;
  return new AppError("E_FILE_ACCESS", `${place}: ${reason.text}`, { hint: reason.hint, cause: error });
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "syscall" in error &&
    typeof error.syscall === "string"
  );
}
