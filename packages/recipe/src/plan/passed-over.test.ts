import { isAppError } from "@repo2singularity/base";
import { expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import { planRecipe } from "./plan-recipe.ts";

/** A small file of each kind that an environment can be described with. */
const texts: Readonly<Record<string, string>> = {
  "environment.yml": "dependencies: [zlib=1]\n",
  "environment.yaml": "dependencies: [zlib=1]\n",
  "pixi.toml": "[workspace]\nchannels = ['conda-forge']\nplatforms = ['linux-64']\n[dependencies]\npython = '*'\n",
  Pipfile: "[packages]\nsix = '*'\n",
  "Pipfile.lock": '{"_meta":{"hash":{"sha256":"x"},"requires":{}},"default":{},"develop":{}}',
  "requirements.txt": "six==1\n",
  "setup.py": "",
  "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n[build-system]\nrequires = []\n",
  "uv.lock": "version = 1\n",
  "poetry.lock": "",
  "pylock.toml": "lock-version = '1.0'\n",
  "runtime.txt": "python-3.11\n",
  ".python-version": "3.11\n",
  "apt.txt": "tree\n",
  postBuild: "#!/bin/sh\n",
  start: "#!/bin/sh\n",
  "install.R": "",
  DESCRIPTION: "Package: x\n",
  "renv.lock": '{"R":{"Version":"4.2.2"},"Packages":{}}',
  "Project.toml": "",
  "default.nix": "{}",
  "flake.nix": "{}",
  "Manifest.toml": 'julia_version = "1.10.4"\n',
  Singularity: "Bootstrap: docker\nFrom: x\n",
};
const base = knownBaseFacts("debootstrap:bookworm")!;
const pairs = Object.keys(texts).flatMap((one, index) =>
  Object.keys(texts)
    .slice(index + 1)
    .map((other): [string, string] => [one, other]),
);

/** The files of a repository that no decision speaks of; none for one that cannot be planned. */
function unspoken(names: readonly string[], compat?: "repo2docker"): readonly string[] {
  const tree = memoryTree(Object.fromEntries(names.map((name) => [name, texts[name] ?? ""])));
  try {
    const options = { base, platform: "linux/amd64", ...(compat === undefined ? {} : { compat }) } as const;
    const { decisions } = planRecipe(tree, options);
    return names.filter((name) => !decisions.some(({ subject, reason }) => `${subject} ${reason}`.includes(name)));
  } catch (error) {
    if (isAppError(error)) return [];
    throw error;
  }
}

test("whatever two files a repository has, the plan says of each whether it counts and why", () => {
  expect(pairs.filter((names) => unspoken(names).length > 0)).toEqual([]);
  expect(pairs.filter((names) => unspoken(names, "repo2docker").length > 0)).toEqual([]);
});

test("a file that is passed over names the one that goes before it", () => {
  const tree = memoryTree({ "environment.yml": texts["environment.yml"]!, "environment.yaml": "" });

  expect(planRecipe(tree, { base, platform: "linux/amd64" }).decisions).toContainEqual({
    subject: "environment.yaml",
    outcome: "ignored",
    reason: "environment.yml goes before it and describes the environment",
  });
});
