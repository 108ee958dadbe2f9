import { createHash } from "node:crypto";
import fc from "fast-check";
import type { TreeEntry } from "../../tree/entry.ts";

/** One node of a generated layer. */
export type LayerNode =
  | {
      readonly kind: "file";
      readonly sizeBytes: number;
      readonly seed: number;
      readonly mode: number;
      readonly mtime: number;
    }
  | { readonly kind: "link"; readonly mode: number; readonly mtime: number }
  | { readonly kind: "symlink"; readonly target: string; readonly mtime: number }
  | { readonly kind: "fifo"; readonly mode: number; readonly mtime: number }
  | { readonly kind: "whiteout" }
  | {
      readonly kind: "directory";
      readonly mode: number;
      readonly mtime: number;
      readonly isOpaque: boolean;
      readonly children: Readonly<Record<string, LayerNode>>;
    };
export type LayerDirectory = Extract<LayerNode, { kind: "directory" }>;

/** How whiteouts and opaque marks are written. */
export type OverlayForm = "kernel" | "oci";

const NAMES = ["a", "b", "c", "dir", "ü", "z-long-name"] as const;
const mtime = fc.constantFrom(315_532_800, 1_000_000_000, 1_700_000_000);
const mode = fc.constantFrom(0o644, 0o755, 0o600, 0o4755);
const leaf: fc.Arbitrary<LayerNode> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("file" as const),
      sizeBytes: fc.constantFrom(0, 5, 4096, 5000, 12_000, 20_480),
      seed: fc.integer({ min: 0, max: 5 }),
      mode,
      mtime,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("link" as const), mode, mtime }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("symlink" as const), target: fc.constantFrom("a", "../b"), mtime }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fifo" as const), mode, mtime }) },
  { weight: 2, arbitrary: fc.constant({ kind: "whiteout" as const }) },
);

function directory(depth: number): fc.Arbitrary<LayerDirectory> {
  const child =
    depth === 0 ? leaf : fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 3, arbitrary: directory(depth - 1) });
  return fc.record({
    kind: fc.constant("directory" as const),
    mode: fc.constantFrom(0o755, 0o700, 0o1777),
    mtime,
    isOpaque: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    children: fc.dictionary(fc.constantFrom(...NAMES), child, { maxKeys: 4, noNullPrototype: true }),
  });
}

/** Layers, bottom first. The root is never opaque. */
export const layerStack: fc.Arbitrary<readonly LayerDirectory[]> = fc
  .array(directory(2), { minLength: 2, maxLength: 4 })
  .map((layers) => layers.map((layer) => ({ ...layer, isOpaque: false })));

/** The bytes of a generated file; runs of zeros make some of its blocks sparse. */
export function fileBytes(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 32) {
    if (seed % 3 === 2 && at < 8192) continue;
    createHash("sha256").update(`${seed} ${at}`).digest().copy(bytes, at);
  }
  return bytes;
}

/** All links of one layer are names of one file. */
export const LINKED_FILE = { sizeBytes: 4100, seed: 1, mode: 0o640, mtime: 1_200_000_000 } as const;

/** A layer as entries, in the form asked for. */
export async function* layerEntries(layer: LayerDirectory, form: OverlayForm): AsyncGenerator<TreeEntry> {
  yield* nodeEntries(layer, "", form, { firstLink: undefined });
}

function* nodeEntries(
  node: LayerNode,
  path: string,
  form: OverlayForm,
  links: { firstLink: string | undefined },
): Generator<TreeEntry> {
  const base = { path, mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes: 0 };
  switch (node.kind) {
    case "file":
      yield fileEntry(path, node);
      return;
    case "link":
      yield links.firstLink === undefined
        ? fileEntry(path, LINKED_FILE)
        : { ...base, type: "hardlink", linkTarget: links.firstLink };
      links.firstLink ??= path;
      return;
    case "symlink":
      yield { ...base, type: "symlink", mode: 0o777, mtimeSeconds: node.mtime, linkTarget: node.target };
      return;
    case "fifo":
      yield { ...base, type: "fifo", mode: node.mode, mtimeSeconds: node.mtime };
      return;
    case "whiteout": {
      if (form === "kernel") yield { ...base, type: "char", device: { major: 0, minor: 0 } };
      else yield { ...base, type: "file", path: path.replace(/[^/]*$/, (name) => `.wh.${name}`) };
      return;
    }
    case "directory":
      yield* directoryEntries(node, path, form, links);
  }
}

function* directoryEntries(
  node: LayerDirectory,
  path: string,
  form: OverlayForm,
  links: { firstLink: string | undefined },
): Generator<TreeEntry> {
  const base = { path, mode: node.mode, uid: 0, gid: 0, mtimeSeconds: node.mtime, sizeBytes: 0 };
  const isMarked = node.isOpaque && form === "kernel";
  yield {
    ...base,
    type: "directory",
    ...(isMarked ? { xattrs: new Map([["user.overlay.opaque", Buffer.from("y")]]) } : {}),
  };
  if (node.isOpaque && form === "oci") yield { ...base, path: `${path}/.wh..wh..opq`, type: "file", mode: 0o644 };
  for (const name of Object.keys(node.children).sort()) {
    const child = node.children[name];
    if (child !== undefined) yield* nodeEntries(child, path === "" ? name : `${path}/${name}`, form, links);
  }
}

function fileEntry(path: string, file: Omit<Extract<LayerNode, { kind: "file" }>, "kind">): TreeEntry {
  const { sizeBytes } = file;
  return {
    path,
    type: "file",
    mode: file.mode,
    uid: 0,
    gid: 0,
    mtimeSeconds: file.mtime,
    sizeBytes,
    ...(sizeBytes === 0
      ? {}
      : {
          content: {
            async *stream() {
              yield fileBytes(sizeBytes, file.seed);
            },
          },
        }),
  };
}

/** What a merged tree holds, as a simple model sees it. */
type MergedNode =
  | { readonly kind: "leaf"; readonly node: LayerNode; readonly layer: number }
  | { readonly kind: "directory"; mode: number; mtime: number; children: Map<string, MergedNode> };

/** Unpacks layer over layer, as a person with a folder would. @returns one line per entry, see {@link describeLine} */
export function modelLines(layers: readonly LayerDirectory[]): string[] {
  const root: MergedNode = { kind: "directory", mode: 0, mtime: 0, children: new Map() };
  for (const [index, layer] of layers.entries()) applyDirectory(root, layer, index);
  const lines: string[] = [];
  printModel(root, "", lines, new Map());
  return lines;
}

function applyDirectory(
  target: Extract<MergedNode, { kind: "directory" }>,
  layer: LayerDirectory,
  index: number,
): void {
  target.mode = layer.mode;
  target.mtime = layer.mtime;
  if (layer.isOpaque) target.children.clear();
  for (const [name, node] of Object.entries(layer.children)) {
    if (node.kind === "whiteout") target.children.delete(name);
    else if (node.kind !== "directory") target.children.set(name, { kind: "leaf", node, layer: index });
    else {
      const present = target.children.get(name);
      const merged: MergedNode =
        present?.kind === "directory" ? present : { kind: "directory", mode: 0, mtime: 0, children: new Map() };
      target.children.set(name, merged);
      applyDirectory(merged, node, index);
    }
  }
}

function printModel(node: MergedNode, path: string, lines: string[], firstLinks: Map<number, string>): void {
  if (node.kind === "directory") {
    lines.push(describeLine({ path, type: "directory", mode: node.mode, mtime: node.mtime }));
    const names = Array.from(node.children.keys()).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names) {
      const child = node.children.get(name);
      if (child !== undefined) printModel(child, path === "" ? name : `${path}/${name}`, lines, firstLinks);
    }
    return;
  }
  const { node: leafNode, layer } = node;
  if (leafNode.kind === "link") {
    const first = firstLinks.get(layer);
    if (first === undefined) firstLinks.set(layer, path);
    lines.push(
      first === undefined ? describeFile(path, LINKED_FILE) : describeLine({ path, type: "hardlink", target: first }),
    );
  } else if (leafNode.kind === "file") lines.push(describeFile(path, leafNode));
  else if (leafNode.kind === "symlink") {
    lines.push(describeLine({ path, type: "symlink", mode: 0o777, mtime: leafNode.mtime, target: leafNode.target }));
  } else if (leafNode.kind === "fifo") {
    lines.push(describeLine({ path, type: "fifo", mode: leafNode.mode, mtime: leafNode.mtime }));
  }
}

function describeFile(path: string, file: { sizeBytes: number; seed: number; mode: number; mtime: number }): string {
  const digest = createHash("sha256").update(fileBytes(file.sizeBytes, file.seed)).digest("hex");
  return describeLine({ path, type: "file", mode: file.mode, mtime: file.mtime, digest });
}

/** One line for an entry of a merged tree. */
export function describeLine(facts: {
  readonly path: string;
  readonly type: string;
  readonly mode?: number;
  readonly mtime?: number;
  readonly target?: string;
  readonly digest?: string;
}): string {
  const { path, type, mode: bits, mtime: seconds, target, digest } = facts;
  return [path, type, bits?.toString(8) ?? "-", seconds ?? "-", target ?? "-", digest ?? "-"].join(" ");
}

/** The same lines for entries that were read. */
export async function entryLines(entries: AsyncIterable<TreeEntry>): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of entries) {
    const { path, type } = entry;
    const target = entry.linkTarget === undefined ? {} : { target: entry.linkTarget };
    if (type === "hardlink") {
      lines.push(describeLine({ path, type, ...target }));
      continue;
    }
    const hash = createHash("sha256");
    if (entry.content !== undefined) for await (const chunk of entry.content.stream()) hash.update(chunk);
    const digest = type === "file" ? { digest: hash.digest("hex") } : {};
    if (entry.xattrs !== undefined) lines.push(`${path} has xattrs ${[...entry.xattrs.keys()].join()}`);
    lines.push(
      describeLine({ path, type, mode: entry.mode, mtime: Math.floor(entry.mtimeSeconds), ...target, ...digest }),
    );
  }
  return lines;
}
