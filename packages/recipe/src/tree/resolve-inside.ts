/**
 * A path that a file of the repository names relative to itself.
 * @returns the path relative to the root, without `.` and `..`; `undefined` when it leads out of the repository
 */
export function resolveInside(filePath: string, relative: string): string | undefined {
  if (relative.startsWith("/")) return undefined;
  const parts = filePath.split("/").slice(0, -1);
  for (const part of relative.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
