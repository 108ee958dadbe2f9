import type { TreeEntry } from "@repo2singularity/image";

/** What an entry's name says besides the name itself. Source: OCI image specification, "Whiteouts". */
type Marker = { readonly kind: "whiteout" | "opaque"; readonly path: string };

/** The path that a whiteout file removes, or the folder that it makes opaque; `undefined` for ordinary entries. */
export function whiteoutOf(path: string): Marker | undefined {
  const slash = path.lastIndexOf("/");
  const folder = slash < 0 ? "" : path.slice(0, slash);
  const name = path.slice(slash + 1);
  if (name === ".wh..wh..opq") return { kind: "opaque", path: folder };
  if (!name.startsWith(".wh.")) return undefined;
  const removed = name.slice(".wh.".length);
  return { kind: "whiteout", path: folder === "" ? removed : `${folder}/${removed}` };
}

/**
 * What the layers above leave visible of a layer, when layers are read from the top down.
 * Memory: every path of the layers above.
 */
export class HiddenPaths {
  /** Paths that a layer above has, and whether they end what is below them. */
  readonly #taken = new Map<string, "directory" | "other">();
  /** Folders that a layer above only names as parents: a file of that name below is gone, a folder keeps its mode. */
  readonly #implied = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #opaque = new Set<string>();

  /** Whether a layer above hides an entry; a folder that is itself hidden by a folder may still have visible content. */
  isHidden(path: string, type: TreeEntry["type"]): boolean {
    if (this.#taken.has(path) || this.#removed.has(path)) return true;
    if (type !== "directory" && this.#implied.has(path)) return true;
    return ancestorsOf(path).some(
      (folder) => this.#taken.get(folder) === "other" || this.#removed.has(folder) || this.#opaque.has(folder),
    );
  }

  /** Adds a whole layer, to be called when all of it was read: its markers mean the layers below only. */
  addLayer(entries: Iterable<readonly [path: string, type: TreeEntry["type"]]>): void {
    for (const [path, type] of entries) {
      const marker = whiteoutOf(path);
      if (marker?.kind === "whiteout") this.#removed.add(marker.path);
      else if (marker?.kind === "opaque") this.#opaque.add(marker.path);
      else if (!this.#taken.has(path)) this.#taken.set(path, type === "directory" ? "directory" : "other");
      for (const folder of ancestorsOf(path)) if (folder !== "") this.#implied.add(folder);
    }
  }
}

/** `a/b/c` gives `""`, `a`, `a/b`. */
function ancestorsOf(path: string): readonly string[] {
  if (path === "") return [];
  const folders = [""];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
    folders.push(path.slice(0, slash));
  return folders;
}
