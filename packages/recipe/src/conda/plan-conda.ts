import type { Decision } from "@repo2singularity/contracts";
import { configPath } from "../detect/config-directory.ts";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import { parseEnvironmentYml } from "../python/environment-yml.ts";
import { lockNames } from "../python/locks/find-lock.ts";
import { type PinnedPackage, pinnedSets } from "../python/locks/pinned-package.ts";
import type { LockInput } from "../python/locks/plan-lock.ts";
import { ignoredBeside, ignoredPaths, splitByPlace } from "../python/python-plan.ts";
import { readRequirements } from "../python/requirements-file.ts";
import { channelUrls, subdirOf } from "./channels.ts";
import { readCondaLock } from "./conda-lock.ts";
import { type CondaPlan, missingOf, withNecessary } from "./conda-plan.ts";
import { type CondaPackage, packageOfUrl, specName } from "./conda-request.ts";
import { parseExplicit } from "./explicit-file.ts";
import { condaNames } from "./find-conda.ts";
import { readPixiLock } from "./pixi-lock.ts";
import { readPixiProject } from "./pixi-toml.ts";

/**
 * Plans a conda environment from the file that describes it.
 * @param path of an `environment.yml`, or of one of the files of {@link condaNames}
 * @throws E_RECIPE_FILE_INVALID
 */
export function planConda(input: LockInput, path: string): CondaPlan {
  const file: ConfigFile = readConfigFile(input.tree, path) ?? { path, text: "" };
  const name = path.slice(path.lastIndexOf("/") + 1);
  const plan = readPlan(input, file, name);
  return { ...plan, decisions: [...plan.decisions, ...ignoredFiles(input, name, path)] };
}

function readPlan(input: LockInput, file: ConfigFile, name: string): CondaPlan {
  const subdir = subdirOf(input.platform);
  if (/^environment\.ya?ml$/.test(name)) return planEnvironment(input, file, name);
  if (name === "conda-lock.yml") {
    const { packages, pip } = readCondaLock(file, subdir);
    return planPackages(input, file, packages, pip);
  }
  if (name === "pixi.lock") {
    const { packages, pip } = readPixiLock(file, subdir);
    return planPackages(input, file, packages, pip);
  }
  if (name === "pixi.toml" || name === "pyproject.toml") return planPixi(input, file);
  return planPackages(input, file, parseExplicit(file), []);
}

/** A lock that was made from the environment file goes before it. */
function planEnvironment(input: LockInput, file: ConfigFile, name: string): CondaPlan {
  const environment = parseEnvironmentYml(file);
  const lockFile = readConfigFile(input.tree, configPath(input.directory, "conda-lock.yml"));
  const lock = lockFile === undefined ? undefined : readCondaLock(lockFile, subdirOf(input.platform));
  if (lockFile !== undefined && lock?.sources.some((source) => source.split("/").at(-1) === name) === true) {
    const plan = planPackages(input, lockFile, lock.packages, lock.pip);
    const reason = `${lockFile.path} was made from it and has its packages with their versions`;
    return {
      ...plan,
      variables: environment.variables,
      decisions: [...plan.decisions, { subject: file.path, outcome: "ignored", reason }],
    };
  }
  const requirements = readRequirements(input.tree, { path: file.path, text: environment.pipLines.join("\n") });
  const plan = planSpecs(input, file, { ...environment, closed: false });
  return { ...plan, ...splitByPlace([requirements]), variables: environment.variables };
}

function planPixi(input: LockInput, file: ConfigFile): CondaPlan {
  const project = readPixiProject(file, subdirOf(input.platform));
  const requirements = readRequirements(input.tree, { path: file.path, text: project.pipLines.join("\n") });
  return { ...planSpecs(input, file, { ...project, closed: true }), ...splitByPlace([requirements]) };
}

/** @param wish.closed whether only the channels count that are named */
function planSpecs(
  input: LockInput,
  file: ConfigFile,
  wish: { readonly channels: readonly string[]; readonly specs: readonly string[]; readonly closed: boolean },
): CondaPlan {
  const specs = withPython(wish.specs, input.pythonRequest);
  const channels = channelUrls(wish.closed ? [...wish.channels, "nodefaults"] : wish.channels, specs);
  const python = specs.find((spec) => specName(spec) === "python");
  const request = { channels, specs: withNecessary(specs) };
  const reason = `its ${wish.specs.length} entries are solved by rattler from ${channels.join(", ")}`;
  return {
    request,
    python: python?.replace(/^(?:\S+::)?python/i, "").trim() || "any",
    ...emptySets(input),
    decisions: [{ subject: file.path, outcome: "used", reason }],
  };
}

/** `--python` goes before what the repository says. */
function withPython(specs: readonly string[], pythonRequest: string | undefined): readonly string[] {
  // With a blank conda means 3.9.0 alone, which nobody does who writes it.
  if (pythonRequest === undefined) return specs.map((spec) => spec.replace(/^python\s+(?=\d+\.\d+$)/i, "python="));
  return [...specs.filter((spec) => specName(spec) !== "python"), `python=${pythonRequest}`];
}

function planPackages(
  input: LockInput,
  file: ConfigFile,
  packages: readonly CondaPackage[],
  pip: readonly PinnedPackage[],
): CondaPlan {
  const request = { packages };
  const subdir = subdirOf(input.platform);
  const foreign = packages.find(({ url }) => !url.includes(`/${subdir}/`) && !url.includes("/noarch/"));
  if (foreign !== undefined) throw invalidFile(file.path, `${foreign.url} is not for ${subdir}`);
  if (missingOf(request).includes("python")) {
    throw invalidFile(file.path, "it has no python, which the notebooks' kernel needs", {
      hint: "add python and ipykernel to the environment and lock it again",
    });
  }
  const { early, late } = pinnedSets(input.tree, file, pip);
  const reason = `${packages.length} conda packages are installed as they are listed${pip.length === 0 ? "" : `, and ${pip.length} of a Python index`}`;
  return {
    request,
    python: packages.map(({ url }) => packageOfUrl(url)).find((one) => one?.name === "python")?.version ?? "any",
    ...emptySets(input),
    early: early.lines.length === 0 ? [] : [early],
    late: late === undefined ? [] : [late],
    decisions: [{ subject: file.path, outcome: "used", reason }],
  };
}

function emptySets({ directory }: LockInput): Pick<CondaPlan, "early" | "late" | "workingFolder" | "variables"> {
  return { early: [], late: [], workingFolder: directory, variables: {} };
}

function ignoredFiles(input: LockInput, name: string, path: string): readonly Decision[] {
  const reason = `${path} describes the environment`;
  const others = ["requirements.txt", "runtime.txt", "Pipfile", "Pipfile.lock", ...lockNames, ...condaNames];
  const lock = name.startsWith("environment.") ? ["conda-lock.yml"] : [];
  return [
    ...ignoredBeside(
      input,
      others.filter((other) => other !== name && !lock.includes(other)),
      reason,
    ),
    ...(input.directory === "" && name !== "pyproject.toml"
      ? ignoredPaths(input.tree, ["setup.py", "pyproject.toml"], reason)
      : []),
  ];
}
