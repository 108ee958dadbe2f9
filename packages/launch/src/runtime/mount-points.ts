import { lstat, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";

/**
 * Sees to it that an unpacked image has something to mount on.
 * @param root absolute path of the unpacked image
 * @param target absolute path in the image, without `.` and `..`
 * @param source path of the host that will cover it: a folder is mounted on a folder, anything else on a file
 * @throws E_USAGE when the way there leads through a link of the image, or over something of another kind
 */
export async function ensureMountPoint(root: string, target: string, source: string): Promise<void> {
  const isFolder = (await stat(source)).isDirectory();
  const names = target.split("/").filter((name) => name !== "");
  let path = root;
  for (const [index, name] of names.entries()) {
    path = join(path, name);
    const wantsFolder = isFolder || index < names.length - 1;
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) {
      if (wantsFolder) await mkdir(path);
      else await writeFile(path, "");
      continue;
    }
    if (found.isSymbolicLink() || found.isDirectory() !== wantsFolder) {
      const kind = found.isSymbolicLink() ? "a link" : found.isDirectory() ? "a folder" : "a file";
      throw new AppError(
        "E_USAGE",
        `${source} cannot be bound to ${target}: the image has ${kind} at ${path.slice(root.length)}`,
        {
          hint: "choose another path in the session: --bind SRC:DEST",
        },
      );
    }
  }
}
