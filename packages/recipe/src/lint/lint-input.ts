import type { Decision } from "@repo2singularity/contracts";
import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import type { ConfigFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import type { RepoTree } from "../tree/repo-tree.ts";

/** An entry of a repository. */
export interface LintFile {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Permission bits. */
  readonly mode: number;
  /** Bytes of a file; 0 for the others. */
  readonly sizeBytes: number;
  /** Text of a symbolic link. */
  readonly linkTarget?: string;
}

/** What was learnt of the distribution's packages. */
export type AptAnswer =
  | { readonly kind: "checked"; readonly unknown: readonly string[]; readonly origin: string }
  | { readonly kind: "unchecked"; readonly reason: string };

/** What rules look at. */
export interface LintInput {
  readonly tree: RepoTree;
  readonly directory: ConfigDirectory;
  readonly files: readonly LintFile[];
  /** Decisions of the plan; none when there is no plan because it failed. */
  readonly decisions: readonly Decision[];
  /** Texts of the plan's steps, which tell what an image will have. */
  readonly stepTexts: readonly string[];
  /** Whether a Dockerfile or definition file describes the image. */
  readonly isContainer: boolean;
  /** Images that it starts from. */
  readonly images: readonly string[];
  /** Whether the packages' day is pinned. */
  readonly isDated: boolean;
  /** Names of packages of the distribution that files ask for, and what is known of them. */
  readonly apt?: AptAnswer;
}

/** The configuration file of a name, unless the plan passed it over. */
export function countingFile({ tree, directory, decisions }: LintInput, name: string): ConfigFile | undefined {
  const file = readConfigFile(tree, configPath(directory, name));
  const isIgnored = decisions.some(({ subject, outcome }) => subject === file?.path && outcome === "ignored");
  return file === undefined || isIgnored ? undefined : file;
}

/** The line of a text on which a pattern first matches, counted from 1. */
export function lineOf(text: string, pattern: RegExp): number | undefined {
  const index = text.split(/\r?\n/).findIndex((line) => pattern.test(line));
  return index < 0 ? undefined : index + 1;
}
