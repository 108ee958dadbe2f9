/**
 * What a plan may see of a repository: names, and the text of the few files it reads.
 * The caller leaves out what the repository ignores, and starts it at the subfolder that is built.
 */
export interface RepoTree {
  /** Files and folders, relative, "/"-separated, sorted by code units. */
  readonly paths: readonly string[];
  /** Whether the path is there and is a folder. */
  isDirectory(path: string): boolean;
  /** @returns the file's text, `undefined` when there is no such file or it is a folder */
  readText(path: string): string | undefined;
}

/**
 * A tree held in memory: path to text, folders made from the paths. A path that ends in "/" is an empty folder.
 *
 * @example
 * planRecipe(memoryTree({ "requirements.txt": "numpy\n" }), options)
 */
export function memoryTree(files: Readonly<Record<string, string>>): RepoTree {
  const directories = new Set<string>();
  const texts = new Map<string, string>();
  for (const [name, text] of Object.entries(files)) {
    if (!name.endsWith("/")) texts.set(name, text);
    const parts = name.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) directories.add(parts.slice(0, depth).join("/"));
  }
  return {
    paths: [...directories, ...texts.keys()].toSorted(),
    isDirectory: (path) => directories.has(path),
    readText: (path) => texts.get(path),
  };
}
