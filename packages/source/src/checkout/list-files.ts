import { defaultMaxFiles, tooManyFiles } from "@repo2singularity/base";
import { compareNames, parentPath, walkDirectory, type TreeEntry } from "@repo2singularity/image/tree";
import { readIgnoreRules } from "./ignore-rules.ts";

/** A file, folder or symbolic link of a checkout. */
export interface CheckoutFile {
  /** Relative to the checkout's directory, "/"-separated; bytes that are no UTF-8 as `decodeName` gives them. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** As git would check it out, whatever the umask: 0755 for folders and executable files, 0644, links 0777. */
  readonly mode: number;
  /** Bytes of a file; 0 for the others. */
  readonly sizeBytes: number;
  /** Text of a symbolic link. */
  readonly linkTarget?: string;
}

/** How a folder is listed. */
export interface ListOptions {
  readonly signal?: AbortSignal;
  readonly onNotice?: (notice: string) => void;
  /** Entries that it may have; `defaultMaxFiles` when left out. */
  readonly maxFiles?: number;
}

/**
 * Everything of a folder that belongs into an image, sorted by the bytes of the paths, parents first: `.git` and
 * `.hg` at any depth, what the ignore files name, sockets, pipes and devices are left out. Links are listed, never followed.
 * Memory: about 200 bytes for each entry.
 * @throws E_LIMIT_EXCEEDED for more entries than may be, before all are listed
 */
export async function listFiles(directory: string, options: ListOptions = {}): Promise<CheckoutFile[]> {
  const { maxFiles = defaultMaxFiles } = options;
  const rules = await readIgnoreRules(directory);
  const sizes = new Map<string, number>();
  const included = new Map<string, CheckoutFile>();
  const ignoredFolders = new Map<string, CheckoutFile>();
  const walk = walkDirectory(directory, {
    ownership: "root",
    mtime: { fixedSeconds: 0 },
    xattrs: "none",
    filter: ({ path }) => !isHistory(path) && (rules.hasExceptions || !rules.ignores(path)),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  for await (const entry of walk) {
    if (entry.path === "") continue;
    if (entry.type === "file") sizes.set(entry.path, entry.sizeBytes);
    const file = fileOf(entry, sizes);
    if (file === undefined) {
      options.onNotice?.(`${entry.path} is left out: it is a ${entry.type}`);
    } else if (!rules.hasExceptions || !rules.ignores(entry.path)) {
      bringBackParents(entry.path, ignoredFolders, included);
      included.set(entry.path, file);
      if (included.size > maxFiles) throw tooManyFiles(directory, maxFiles);
    } else if (file.type === "directory") {
      ignoredFolders.set(entry.path, file);
    }
  }
  return [...included.values()].sort((a, b) => compareNames(a.path, b.path));
}

/** What git and Mercurial keep of their own. */
function isHistory(path: string): boolean {
  return /(?:^|\/)\.(?:git|hg)$/.test(path);
}

/** A folder that is ignored but holds a file that is not has to be there for it. */
function bringBackParents(
  path: string,
  ignoredFolders: ReadonlyMap<string, CheckoutFile>,
  included: Map<string, CheckoutFile>,
): void {
  for (let parent = parentPath(path); parent !== "" && !included.has(parent); parent = parentPath(parent)) {
    const folder = ignoredFolders.get(parent);
    if (folder !== undefined) included.set(parent, folder);
  }
}

function fileOf(entry: TreeEntry, sizes: ReadonlyMap<string, number>): CheckoutFile | undefined {
  const { path, linkTarget } = entry;
  switch (entry.type) {
    case "directory":
      return { path, type: "directory", mode: 0o755, sizeBytes: 0 };
    case "symlink":
      return { path, type: "symlink", mode: 0o777, sizeBytes: 0, linkTarget: linkTarget ?? "" };
    case "file":
    case "hardlink": {
      // a further name of a file is a file: git and images of a repository know no hard links
      const sizeBytes = sizes.get(entry.type === "file" ? path : (linkTarget ?? "")) ?? 0;
      return { path, type: "file", mode: (entry.mode & 0o111) === 0 ? 0o644 : 0o755, sizeBytes };
    }
    default:
      return undefined;
  }
}
