import type { Decision } from "@repo2singularity/contracts";
import { condaNames } from "../conda/find-conda.ts";
import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import { definitionNames, type FoundFamily } from "../detect/family.ts";
import { lockNames } from "../python/locks/find-lock.ts";
import type { RepoTree } from "../tree/repo-tree.ts";

/** Files that describe environments or programs to one family or another. */
const knownNames: readonly string[] = [
  "environment.yml",
  "environment.yaml",
  ...condaNames.filter((name) => name !== "pyproject.toml"),
  "Pipfile",
  "Pipfile.lock",
  "requirements.txt",
  ...lockNames,
  "runtime.txt",
  ".python-version",
  "DESCRIPTION",
  "install.R",
  "renv.lock",
  "JuliaProject.toml",
  "Project.toml",
  "Manifest.toml",
  "REQUIRE",
  "default.nix",
  "flake.nix",
  ...definitionNames,
];

/**
 * The decisions on files that nobody has spoken of: whoever wrote them expects something of them. Families tell of those
 * that they know the reason for; this is for all others.
 */
export function passedOver(
  tree: RepoTree,
  directory: ConfigDirectory,
  found: FoundFamily,
  decisions: readonly Decision[],
): readonly Decision[] {
  const reason =
    found.file === undefined ? "nothing here reads it" : `${found.file} goes before it and describes the environment`;
  return knownNames
    .map((name) => configPath(directory, name))
    .filter((path) => tree.readText(path) !== undefined && !decisions.some((one) => isAbout(one, path)))
    .map((subject) => ({
      subject,
      outcome: "ignored",
      reason: subject.endsWith(".python-version") ? "it is read beside uv.lock only" : reason,
    }));
}

/** Whether a decision is on the file, on a part of it, or gives it as its reason. */
function isAbout({ subject, reason }: Decision, path: string): boolean {
  return subject === path || subject.startsWith(`${path}:`) || reason.split(/[\s,;]+/).includes(path);
}
