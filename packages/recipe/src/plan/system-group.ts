import { AppError } from "@repo2singularity/base";
import type { BaseFacts, Decision, StepGroup } from "@repo2singularity/contracts";
import type { PythonChoice } from "../python/choose-python.ts";
import { aptInstallStep } from "../scripts/apt-install.ts";
import { cleanStep } from "../scripts/clean.ts";
import { compileBytecodeStep } from "../scripts/compile-bytecode.ts";

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

/** Packages for compiling: only for repositories that build something from source. */
const compilerPackages = ["build-essential"];

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

/**
 * The group of `apt.txt` and of compilers.
 * @throws E_RECIPE_BASE_UNFIT when packages are asked for and the base has no apt
 */
export function planAptGroup(
  base: BaseFacts,
  options: {
    readonly aptFile?: string;
    readonly packages: readonly string[];
    readonly needsCompiler: boolean;
    readonly python: PythonChoice;
  },
): { readonly group?: StepGroup; readonly decisions: readonly Decision[] } {
  const { aptFile, packages, needsCompiler, python } = options;
  if (aptFile !== undefined && packages.length > 0 && base.packageManager !== "apt") {
    throw new AppError(
      "E_RECIPE_BASE_UNFIT",
      `${aptFile} asks for ${packages.length} packages, and ${base.reference} has no apt-get`,
      {
        hint: "choose a Debian or Ubuntu base, for example --base debootstrap:trixie",
      },
    );
  }
  const headers = python.packages.map((name) => `${name}-dev`);
  const hasCompiler = (base.hasPackages ?? []).includes("build-essential");
  const compilers =
    needsCompiler && base.packageManager === "apt" ? [...(hasCompiler ? [] : compilerPackages), ...headers] : [];
  const all = [...new Set([...compilers, ...packages])].toSorted();
  const decisions: Decision[] = [];
  if (aptFile !== undefined) {
    decisions.push({
      subject: aptFile,
      outcome: packages.length === 0 ? "ignored" : "used",
      reason: packages.length === 0 ? "it names no package" : `${packages.length} packages are installed`,
    });
  }
  if (compilers.length > 0)
    decisions.push({
      subject: compilers.join(" "),
      outcome: "chosen",
      reason: "the repository builds packages from source",
    });
  if (all.length === 0) return { decisions };
  return {
    group: {
      name: "apt",
      title: "Packages of apt.txt",
      steps: [aptInstallStep("Install the packages of apt.txt", all), compileBytecodeStep(), cleanStep()],
    },
    decisions,
  };
}
