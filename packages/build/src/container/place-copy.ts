import { posix } from "node:path";
import { setImmediate } from "node:timers/promises";
import { AppError } from "@repo2singularity/base";
import type { ContainerStep } from "@repo2singularity/contracts";
import { normalizeSource } from "@repo2singularity/recipe/container";
import { parseIgnoreRules } from "@repo2singularity/source";
import { type MatchedItem, matchItems, type SourceItem, type SourceTree, walkItems } from "./source-tree.ts";
import type { TargetTree } from "./target-tree.ts";

type CopyStep = Extract<ContainerStep, { kind: "copy" }>;

/** Unpacks an archive into a private folder. @returns what it holds; `undefined` for a file that is no archive */
export type Unpack = (file: SourceItem) => Promise<SourceTree | undefined>;

/** Everything that a copy step takes from its source tree. @throws E_STEP_FAILED when a source matches nothing */
export function matchCopy(step: CopyStep, tree: SourceTree): readonly (MatchedItem & { readonly pivot: string })[] {
  return step.sources.flatMap((source) => {
    const { path, pivot } = normalizeSource(source);
    const found = matchItems(tree, path);
    if (found.length > 0) return found.map((one) => ({ ...one, pivot }));
    throw new AppError("E_STEP_FAILED", `${step.title}: ${source} is not there`, {
      hint: step.from.kind === "context" ? "files that .dockerignore names are left out" : "correct the path",
    });
  });
}

/** The files and links that a copy step reads, as paths of its source tree; for keys. */
export function copiedPaths(step: CopyStep, tree: SourceTree): readonly string[] {
  const matched = matchCopy(step, tree);
  if (step.excludes.length === 0) return matched.map(({ item }) => (item.path === "" ? "." : item.path));
  return matched.flatMap(({ item }) =>
    [...walkItems(tree, item)].filter((one) => !isExcluded(step, item, one)).map(({ path }) => path),
  );
}

/**
 * Does a copy step: puts what it takes into a layer that is being made.
 * @throws E_STEP_FAILED, E_TREE_INVALID when a file is where a folder belongs, or the other way round
 */
export async function placeCopy(
  step: CopyStep,
  tree: SourceTree,
  target: TargetTree,
  options: { readonly unpack: Unpack; readonly signal: AbortSignal },
): Promise<void> {
  const matched = matchCopy(step, tree);
  const isFolder = step.destination.endsWith("/") || (matched.length > 1 && !step.keepsFolder);
  const destination = step.destination.replace(/^\/+|\/+$/g, "");
  if (isFolder) target.ensureFolder(destination);
  for (const { name, item, pivot } of matched) {
    options.signal.throwIfAborted();
    const archive = step.unpacks && item.type === "file" ? await options.unpack(item) : undefined;
    if (archive !== undefined) {
      const root = archive.find("");
      const whole = { ...step, excludes: [] };
      if (root !== undefined) await placeTree(whole, archive, { root, to: destination }, { target, ...options });
      continue;
    }
    const isThere = target.find(destination)?.type === "directory";
    const own = posix.join(destination, posix.basename(name === "" ? "." : name));
    const inside = step.keepsParents ? posix.join(destination, posix.relative(pivot, name)) : own;
    const takesContent = item.type === "directory" && !step.keepsFolder && !step.keepsParents;
    const to = !takesContent && (isFolder || isThere || step.keepsParents) ? inside : destination;
    await placeTree(step, tree, { root: item, to }, { target, ...options });
  }
}

/** How many entries are placed until others get a turn: an interrupt among them. */
const entriesAtOnce = 1000;

async function placeTree(
  step: CopyStep,
  tree: SourceTree,
  { root, to }: { readonly root: SourceItem; readonly to: string },
  { target, signal }: { readonly target: TargetTree; readonly signal: AbortSignal },
): Promise<void> {
  let count = 0;
  for (const item of walkItems(tree, root)) {
    if (++count % entriesAtOnce === 0) await setImmediate();
    signal.throwIfAborted();
    if (item !== root && isExcluded(step, root, item)) continue;
    const below = item.path.slice(root.path.length).replace(/^\/+/, "");
    const path = below === "" ? to : posix.join(to, below);
    if (item.type === "directory") target.ensureFolder(path, step.mode ?? item.mode);
    else target.copy(item, path, step.mode ?? item.mode);
  }
}

/** Patterns count from the root that is copied and from the root of everything. */
function isExcluded({ excludes }: CopyStep, root: SourceItem, { path }: SourceItem): boolean {
  if (excludes.length === 0) return false;
  const rules = parseIgnoreRules(excludes.join("\n"));
  const below = path.slice(root.path.length).replace(/^\/+/, "");
  return rules.ignores(path) || (below !== "" && rules.ignores(below));
}
