import { AppError } from "@repo2singularity/base";
import type { BaseFacts, Decision, StepGroup } from "@repo2singularity/contracts";
import type { PythonChoice } from "../python/choose-python.ts";
import { aptInstallStep } from "../scripts/apt-install.ts";
import { cleanStep } from "../scripts/clean.ts";
import { compileBytecodeStep } from "../scripts/compile-bytecode.ts";
import type { SystemNeed } from "./environment-part.ts";

/** Packages of every image, and what each is there for. */
export const systemPackages: Readonly<Record<string, string>> = {
  "ca-certificates": "https from notebooks",
  curl: "downloads in postBuild and notebooks",
  "gettext-base": "envsubst, which start scripts use",
  git: "requirements from git, and git in the terminal",
  less: "git's pager, and reading files in the terminal",
  tzdata: "time zones of Python's zoneinfo",
  unzip: "data archives in postBuild",
};

/**
 * The group that depends on nothing but the base and the Python: shared by all repositories on them.
 * @returns `undefined` when the base has it all, or has no apt
 */
export function planSystemGroup(base: BaseFacts, pythons: readonly PythonChoice[]): StepGroup | undefined {
  if (base.packageManager !== "apt") return undefined;
  const wanted = new Set([...Object.keys(systemPackages), ...pythons.flatMap((python) => python.packages)]);
  const missing = [...wanted].filter((name) => !(base.hasPackages ?? []).includes(name)).toSorted();
  if (missing.length === 0) return undefined;
  return {
    name: "system",
    title: "System packages",
    steps: [aptInstallStep("Install the system packages", missing), compileBytecodeStep(), cleanStep()],
  };
}

/** Packages of the distribution that a file of the repository asks for. */
export interface AskedPackages {
  /** How the file, or the part of it, is called in decisions. */
  readonly file: string;
  readonly packages: readonly string[];
}

/**
 * The group of `apt.txt`, of the own file's packages and of what the parts need for building.
 * @throws E_RECIPE_BASE_UNFIT when a file asks for packages and the base has no apt
 */
export function planAptGroup(
  base: BaseFacts,
  options: { readonly asked: readonly AskedPackages[]; readonly needs: readonly SystemNeed[] },
): { readonly group?: StepGroup; readonly decisions: readonly Decision[] } {
  const { asked } = options;
  for (const { file, packages } of asked) if (packages.length > 0) checkHasApt(base, file, packages.length);
  const needs = base.packageManager === "apt" ? options.needs.map((need) => missingOf(base, need)) : [];
  const all = [
    ...new Set([...needs.flatMap((need) => need.packages), ...asked.flatMap(({ packages }) => packages)]),
  ].toSorted();
  const decisions: Decision[] = asked.map(({ file, packages }) => ({
    subject: file,
    outcome: packages.length === 0 ? "ignored" : "used",
    reason:
      packages.length === 0
        ? "it names no package"
        : packages.length === 1
          ? "1 package is installed"
          : `${packages.length} packages are installed`,
  }));
  for (const need of needs) {
    if (need.packages.length > 0)
      decisions.push({ subject: need.packages.join(" "), outcome: "chosen", reason: need.reason });
  }
  if (all.length === 0) return { decisions };
  const group: StepGroup = {
    name: "apt",
    title: "Packages of apt.txt",
    steps: [aptInstallStep("Install the packages of apt.txt", all), compileBytecodeStep(), cleanStep()],
  };
  return { group, decisions };
}

function checkHasApt(base: BaseFacts, aptFile: string, count: number): void {
  if (base.packageManager === "apt") return;
  throw new AppError(
    "E_RECIPE_BASE_UNFIT",
    `${aptFile} asks for ${count} packages, and ${base.reference} has no apt-get`,
    {
      hint: "choose a Debian or Ubuntu base, for example --base debootstrap:trixie",
    },
  );
}

function missingOf(base: BaseFacts, need: SystemNeed): SystemNeed {
  return { ...need, packages: need.packages.filter((name) => !(base.hasPackages ?? []).includes(name)) };
}
