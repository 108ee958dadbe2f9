import { resolveInside } from "../../tree/resolve-inside.ts";
import type { RuleFinding } from "../finding.ts";
import type { LintInput } from "../lint-input.ts";

/** Names that are one name on file systems that fold case, as macOS and Windows have them. */
export function namesThatDifferByCase({ files }: LintInput): RuleFinding[] {
  const first = new Map<string, string>();
  return files.flatMap(({ path }) => {
    const folded = path.toLowerCase();
    const other = first.get(folded);
    if (other === undefined) first.set(folded, path);
    if (other === undefined) return [];
    const message = `the name differs from ${other} by case only: on macOS and Windows a clone has one of the two`;
    return [{ path, message, hint: "rename one of them" }];
  });
}

/** Size of pointers: a version line, a digest and a number. Source: git-lfs, "Specification, the pointer" */
const pointerBytes = { min: 100, max: 200 } as const;

/** Files of which only Git LFS's pointer is there. */
export function lfsPointers({ files, tree }: LintInput): RuleFinding[] {
  const pointers = files.filter(({ path, type, sizeBytes }) => {
    if (type !== "file" || sizeBytes < pointerBytes.min || sizeBytes > pointerBytes.max) return false;
    return tree.readText(path)?.startsWith("version https://git-lfs.github.com/spec/") === true;
  });
  const [first] = pointers;
  if (first === undefined) return [];
  const message = `${pointers.length === 1 ? "the file is" : `this and ${pointers.length - 1} more files are`} a pointer of Git LFS, not the content`;
  return [{ path: first.path, message, hint: "install git-lfs on the machine that builds, or run: git lfs pull" }];
}

/** Links that end nowhere once the repository is in an image. */
export function linksThatEndNowhere({ files }: LintInput): RuleFinding[] {
  const known = new Set(files.map(({ path }) => path));
  return files.flatMap(({ path, type, linkTarget = "" }) => {
    if (type !== "symlink") return [];
    const target = resolveInside(path, linkTarget);
    if (target === "" || (target !== undefined && (known.has(target) || leadsThroughLink(target, known)))) return [];
    const why = target === undefined ? "leads out of the repository" : "is not there";
    return [
      { path, message: `the link leads to ${linkTarget}, which ${why}`, hint: "put the file itself in its place" },
    ];
  });
}

/** A target below a folder that is itself a link has no entry of its own. */
function leadsThroughLink(target: string, known: ReadonlySet<string>): boolean {
  const parts = target.split("/");
  return parts.some((_, index) => {
    const above = parts.slice(0, index).join("/");
    return above !== "" && known.has(above) && ![...known].some((path) => path.startsWith(`${above}/`));
  });
}
