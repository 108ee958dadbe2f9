import type { RepoTree } from "../tree/repo-tree.ts";
import { configPath, type ConfigDirectory } from "./config-directory.ts";
import { type Family, findFamily, type FoundFamily } from "./family.ts";

/** Languages that an image can have beside Python, in the order of their install. */
export const languages = ["r", "julia"] as const;
/** A language beside Python. */
export type Language = (typeof languages)[number];

/** Families that describe no Python, and so are passed over when the Python beside a language is looked for. */
export const pythonless: readonly Family[] = [...languages, "nix"];

/** Whether a family is a language beside Python. */
export function isLanguage(family: Family): family is Language {
  return (languages as readonly Family[]).includes(family); // asks whether it is one
}

/** Files that ask for a language even where they do not choose the family. */
const filesOf: Readonly<Record<Language, readonly string[]>> = {
  r: ["renv.lock", "install.R"],
  julia: [],
};

/** Families that can stand beside other languages: the rest describes the whole image. */
const composable: readonly Family[] = ["python", "conda", "pipfile", ...languages];

/** Languages in a declared order; those that it leaves out follow in their own. */
export function inOrder(found: readonly Language[], declared: readonly string[] = []): readonly Language[] {
  const rank = (language: Language): number => {
    const index = declared.indexOf(language);
    return index < 0 ? declared.length : index;
  };
  return found.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * The languages of a repository. repo2docker knows one family for a repository; here languages add up, unless its
 * order is asked for.
 * @param isExclusive repo2docker's rule: only the family that was found first
 */
export function findLanguages(
  tree: RepoTree,
  directory: ConfigDirectory,
  found: FoundFamily,
  isExclusive: boolean,
): readonly Language[] {
  if (!composable.includes(found.family)) return [];
  return languages.filter((language) => {
    if (found.family === language) return true;
    if (isExclusive) return false;
    if (filesOf[language].some((name) => tree.readText(configPath(directory, name)) !== undefined)) return true;
    // One language hides another in the order of precedence.
    const others = pythonless.filter((family) => family !== language);
    return isLanguage(found.family) && findFamily(tree, directory, others).family === language;
  });
}
