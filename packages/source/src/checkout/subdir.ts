import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { AppError } from "@repo2singularity/base";

/**
 * A folder inside a repository in its plain form: no empty or `.` parts.
 * @returns undefined for the repository's root
 * @throws E_USAGE when it is absolute, leads out, or lies in `.git`
 */
export function normalizeSubdir(subdir: string): string | undefined {
  const parts = subdir.split("/").filter((part) => part !== "" && part !== ".");
  if (subdir.startsWith("/") || subdir.includes("\0") || parts.includes("..") || parts.includes(".git")) {
    throw new AppError("E_USAGE", `"${subdir}" is not a folder inside the repository`, {
      hint: "give --subdir relative to the repository's root, such as --subdir course/week1",
    });
  }
  return parts.length === 0 ? undefined : parts.join("/");
}

/**
 * The folder of a checkout that is wanted.
 * @param root the repository's root
 * @throws E_SUBDIR_NOT_FOUND when it does not exist, is no folder, or a link leads it out of the repository
 */
export async function enterSubdir(root: string, subdir: string | undefined): Promise<string> {
  if (subdir === undefined) return root;
  const path = join(root, subdir);
  const [realRoot, real] = await Promise.all([realpath(root), realpath(path).catch(() => undefined)]);
  if (real === undefined || !(await stat(real)).isDirectory()) {
    throw new AppError("E_SUBDIR_NOT_FOUND", `the repository has no folder "${subdir}"`, {
      hint: `it has ${(await folderNames(root)).join(", ") || "no folders"}`,
    });
  }
  if (real !== realRoot && !real.startsWith(realRoot + sep)) {
    throw new AppError("E_SUBDIR_NOT_FOUND", `"${subdir}" is a link that leads out of the repository`);
  }
  return path;
}

const shownFolders = 10;

async function folderNames(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && entry.name !== ".git").map(({ name }) => `${name}/`);
  return names.length > shownFolders ? [...names.slice(0, shownFolders), "…"] : names;
}
