import { AppError } from "@repo2singularity/base";

/**
 * An archive's path in the form a `TreeEntry` has: leading slashes, `.` parts and doubled slashes are dropped.
 * @param path text of the archive
 * @param where what the message names, such as the archive and offset
 * @throws E_PATH_ESCAPE for a `..` part
 * @throws E_TREE_INVALID for a NUL character
 */
export function normalizePath(path: string, where: string): string {
  if (path.includes("\0")) {
    throw new AppError("E_TREE_INVALID", `${where}: the path ${JSON.stringify(path)} holds a NUL byte`);
  }
  const start = path.startsWith("./") ? 2 : 0; // as `tar -C DIR .` writes every path
  const end = path.length > start && path.endsWith("/") ? path.length - 1 : path.length;
  const inner = path.slice(start, end);
  if (isNormal(inner)) return inner;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new AppError("E_PATH_ESCAPE", `${where}: the path ${JSON.stringify(path)} leads out of its tree`);
  }
  return parts.join("/");
}

/** Whether a path certainly needs no change: no slash at either end and no part that is empty or begins with a dot. */
function isNormal(path: string): boolean {
  if (path.startsWith("/") || path.startsWith(".") || path.endsWith("/")) return path === "";
  return !path.includes("//") && !path.includes("/.");
}

/** The path of the directory that holds an entry; `""` for entries of the root. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
