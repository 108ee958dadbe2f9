import type { RuleFinding, Severity } from "./finding.ts";
import type { LintInput } from "./lint-input.ts";
import { condaBuildStrings, condaPrefix, foreignCondaPackages, unpinnedCondaPackages } from "./rules/conda-files.ts";
import { ignoredFiles, misspeltNames, ownFileKeys, twoConfigFolders } from "./rules/config-files.ts";
import { missingKernels } from "./rules/notebooks.ts";
import {
  foreignRequirements,
  missingRequirementPaths,
  requirementsThatNeedKeys,
  unpinnedRequirements,
} from "./rules/requirement-files.ts";
import { scriptNotExecutable, scriptWithoutInterpreter, scriptWithWindowsLines } from "./rules/scripts.ts";
import { unknownAptPackages, unpinnedImages } from "./rules/system-packages.ts";
import { lfsPointers, linksThatEndNowhere, namesThatDifferByCase } from "./rules/tree.ts";

/** One thing that lint looks for. */
export interface LintRule {
  /** Of its findings, where they do not say another. */
  readonly severity: Severity;
  /** For the docs page: what is found, as a sentence without a trailing dot. */
  readonly summary: string;
  /** `undefined` for what comes out of planning itself. */
  readonly find?: (input: LintInput) => readonly RuleFinding[];
}

/** All rules by the names under which their findings are shown; the docs page is written from this table. */
export const lintRules: Readonly<Record<string, LintRule>> = {
  plan: {
    severity: "error",
    summary: "The repository cannot be planned: a file cannot be parsed, a version cannot be had, two files disagree",
  },
  "two-config-folders": {
    severity: "error",
    summary: "`binder/` and `.binder/` are both there",
    find: twoConfigFolders,
  },
  "own-file": {
    severity: "error",
    summary: "A key of `repo2singularity.yaml` or its table in `pyproject.toml` is unknown or has a wrong value",
    find: ownFileKeys,
  },
  "ignored-file": {
    severity: "warning",
    summary: "A configuration file counts for nothing, because another goes before it",
    find: ignoredFiles,
  },
  "misspelt-name": {
    severity: "warning",
    summary: "A file's name is nearly that of a configuration file: `requirement.txt`, `postbuild`",
    find: misspeltNames,
  },
  "script-mode": {
    severity: "warning",
    summary: "`postBuild` or `start` is not executable",
    find: scriptNotExecutable,
  },
  "script-interpreter": {
    severity: "error",
    summary: "`postBuild` or `start` does not begin with `#!`",
    find: scriptWithoutInterpreter,
  },
  "script-line-ends": {
    severity: "error",
    summary: "`postBuild` or `start` has Windows line ends",
    find: scriptWithWindowsLines,
  },
  "requirement-path": {
    severity: "error",
    summary: "A requirement names a path that is not in the repository",
    find: missingRequirementPaths,
  },
  "requirement-system": {
    severity: "error",
    summary: "A requirement is for Windows or macOS",
    find: foreignRequirements,
  },
  "requirement-key": {
    severity: "warning",
    summary: "A requirement is fetched over ssh",
    find: requirementsThatNeedKeys,
  },
  "requirement-version": {
    severity: "warning",
    summary: "Requirements without versions, where no lock and no date pins them",
    find: unpinnedRequirements,
  },
  "conda-system": {
    severity: "error",
    summary: "An entry of `environment.yml` is for Windows or macOS",
    find: foreignCondaPackages,
  },
  "conda-build": {
    severity: "warning",
    summary: "Entries of `environment.yml` name builds of one platform",
    find: condaBuildStrings,
  },
  "conda-version": {
    severity: "warning",
    summary: "Entries of `environment.yml` without versions",
    find: unpinnedCondaPackages,
  },
  "conda-prefix": {
    severity: "note",
    summary: "`environment.yml` names the folder it was exported from",
    find: condaPrefix,
  },
  "apt-package": {
    severity: "error",
    summary:
      "A package of `apt.txt` or the own file is none of the base's release; a note where there is no index to look in",
    find: unknownAptPackages,
  },
  "base-version": {
    severity: "warning",
    summary: "A Dockerfile or definition file starts from an image without a version",
    find: unpinnedImages,
  },
  kernel: {
    severity: "warning",
    summary: "Notebooks want a kernel that the image will not have",
    find: missingKernels,
  },
  "case-conflict": {
    severity: "warning",
    summary: "Two names differ by case only",
    find: namesThatDifferByCase,
  },
  "lfs-pointer": {
    severity: "error",
    summary: "A file is a pointer of Git LFS instead of the content",
    find: lfsPointers,
  },
  "dead-link": {
    severity: "warning",
    summary: "A symbolic link leads out of the repository or to nothing",
    find: linksThatEndNowhere,
  },
};
