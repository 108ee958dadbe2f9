import { AppError, nearNames } from "@repo2singularity/base";
import { allEntries, formatEntry, needsBuild, type RegistryTree, type TagEntry } from "../source/tree.ts";

/**
 * The tags to build: those that a recipe was added or changed for, or those that are named.
 * @param names `namespace/name` or `namespace/name:tag`; all of the registry when empty
 * @param force also those whose image is up to date
 * @throws E_USAGE for a name of which the registry has no recipe
 */
export function chooseEntries(tree: RegistryTree, names: readonly string[], force: boolean): readonly TagEntry[] {
  const buildable = allEntries(tree).filter(({ recipe }) => recipe !== undefined);
  for (const name of names) {
    if (buildable.some((entry) => isNamed(entry, name))) continue;
    const near = nearNames(name, buildable.map(formatEntry), 3);
    throw new AppError("E_USAGE", `the registry has no recipe for "${name}"`, {
      hint: near.length === 0 ? "write it as namespace/name:tag" : `did you mean ${near.join(" or ")}`,
    });
  }
  const chosen =
    names.length === 0 ? buildable : buildable.filter((entry) => names.some((name) => isNamed(entry, name)));
  return force ? chosen : chosen.filter(needsBuild);
}

function isNamed(entry: TagEntry, name: string): boolean {
  return name === formatEntry(entry) || name === `${entry.namespace}/${entry.name}`;
}
