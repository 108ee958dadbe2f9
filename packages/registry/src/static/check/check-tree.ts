import type { RegistryIssue } from "../source/issue.ts";
import { formatEntry, allEntries, needsBuild, type RegistryTree, type TagEntry } from "../source/tree.ts";
import { settingsFile } from "../source/read-tree.ts";

/** What a registry, or a change of one, comes to. */
export interface CheckReport {
  /** Empty when it can be published. */
  readonly issues: readonly RegistryIssue[];
  /** Tags that `registry build` would build, as `namespace/name:tag`. */
  readonly toBuild: readonly string[];
  /** Tags whose image lies elsewhere, with what was changed of them. */
  readonly elsewhere: readonly TagEntry[];
}

/**
 * Checks a registry's files.
 * @param changedFiles paths from the registry's root, to hear of these alone; everything when left out
 */
export function checkTree(tree: RegistryTree, changedFiles?: readonly string[]): CheckReport {
  const isAsked = (path: string): boolean =>
    changedFiles === undefined ||
    changedFiles.some((file) => file === path || file.startsWith(`${path}/`) || path.startsWith(`${file}/`));
  const asked = allEntries(tree).filter(({ folder }) => isAsked(folder));
  const issues = [
    ...tree.issues.filter(({ file }) => isAsked(file)),
    ...settingsIssues(tree),
    ...conflicts(tree, isAsked),
  ];
  return {
    issues: issues.toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1)),
    toBuild: asked.filter(needsBuild).map(formatEntry),
    elsewhere: asked.filter(({ recipe }) => recipe === undefined),
  };
}

function settingsIssues({ settings }: RegistryTree): readonly RegistryIssue[] {
  if (settings.storage === undefined || settings.storageUrl !== undefined) return [];
  const message = "storageUrl: storage needs the address at which everybody reads what lies there";
  return [{ file: settingsFile, line: 1, message }];
}

/** The same content cannot have two lengths or be for two processors: one of them was copied from somewhere else. */
function conflicts(tree: RegistryTree, isAsked: (path: string) => boolean): readonly RegistryIssue[] {
  const first = new Map<string, TagEntry>();
  const issues: RegistryIssue[] = [];
  for (const entry of allEntries(tree)) {
    const { image, folder } = entry;
    if (image === undefined) continue;
    const other = first.get(image.digest);
    if (other?.image === undefined) first.set(image.digest, entry);
    else if (
      (other.image.size !== image.size || other.image.arch !== image.arch) &&
      (isAsked(folder) || isAsked(other.folder))
    ) {
      const message = `digest: has another size or arch than the same digest in ${other.folder}/image.yaml`;
      issues.push({ file: `${folder}/image.yaml`, line: 1, message });
    }
  }
  return issues;
}
