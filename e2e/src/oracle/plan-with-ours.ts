import { AppError } from "@repo2singularity/base";
import type { BaseFacts, Recipe } from "@repo2singularity/contracts";
import { memoryTree, planRecipe } from "@repo2singularity/recipe";
import { juliaReleases, type PlanDecision } from "./decision.ts";
import type { Shape } from "./shapes.ts";

/**
 * A base that has every Python repo2docker has, and whose own is repo2docker's default: so that a difference of the
 * version is one of the decision, not of the base.
 */
const base: BaseFacts = {
  reference: "docker://docker.io/library/buildpack-deps:24.04",
  distribution: "ubuntu",
  codename: "noble",
  packageManager: "apt",
  pythons: ["3.10", "3.14", "3.13", "3.12", "3.11", "3.9", "3.8", "3.7", "3.6", "3.5", "2.7"].map((version) => {
    return { version, path: `/usr/bin/python${version}` };
  }),
  packagedPythons: [],
  hasPackages: ["build-essential"],
};

/** What our planner decides by repo2docker's rule of one family, read from the recipe it gives. */
export function planWithOurs(shape: Shape): PlanDecision {
  try {
    return decisionOf(planRecipe(memoryTree(shape.files), { base, platform: "linux/amd64", compat: "repo2docker" }));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const family = error.code === "E_RECIPE_FAMILY_NOT_YET" ? error.data?.["family"] : undefined;
    return {
      ...nothing,
      family: typeof family === "string" ? family : undefined,
      isRefused: family === undefined,
    };
  }
}

const nothing: PlanDecision = {
  family: undefined,
  isRefused: false,
  python: undefined,
  julia: undefined,
  requirements: false,
  installsRepository: false,
  apt: [],
  postBuild: undefined,
  start: undefined,
};

function decisionOf(recipe: Recipe): PlanDecision {
  const script = (name: string): string =>
    recipe.groups
      .filter((group) => group.name === name)
      .flatMap((group) => group.steps)
      .map((step) => (step.kind === "run" ? step.script : ""))
      .join("\n");
  const chosen = recipe.decisions.find(
    ({ subject, outcome }) => outcome === "chosen" && /^Python [\d.]+$/.test(subject),
  );
  const packages = (/^set -- (.*)$/m.exec(script("apt"))?.[1] ?? "").replaceAll("'", "").split(" ");
  // What a language needs for itself is told as one decision, its packages as the subject.
  const needed = new Set(
    recipe.decisions.flatMap(({ subject, outcome }) => (outcome === "chosen" ? subject.split(" ") : [])),
  );
  const used = (name: string): string | undefined =>
    recipe.decisions.find(({ subject, outcome }) => outcome === "used" && subject.split("/").at(-1) === name)?.subject;
  return {
    ...nothing,
    family: recipe.family,
    // There it is a matter of the expression, here the server has one.
    python:
      recipe.family === "nix" ? undefined : chosen?.subject.slice("Python ".length).split(".").slice(0, 2).join("."),
    julia: juliaOf(script("julia")),
    requirements: used("requirements.txt") !== undefined,
    installsRepository: /(^|\n)\.\n/.test(script("content")),
    apt: packages.filter((name) => name !== "" && !needed.has(name)),
    postBuild: used("postBuild"),
    start: used("start"),
  };
}

/** The release that the step takes from the oracle's list. @returns `undefined` where there is no Julia */
function juliaOf(script: string): string | undefined {
  const json = /(?<json>\{\n "(?:exact|ranges)"[^]*?\n\})/.exec(script)?.groups?.["json"];
  if (json === undefined) return undefined;
  const wish = JSON.parse(json) as { exact?: string; ranges?: { from: string; below: string | null }[] }; // the plan's
  const order = new Intl.Collator("en", { numeric: true }).compare;
  const isIn = (version: string): boolean =>
    (wish.ranges ?? []).some(
      ({ from, below }) => order(from, version) <= 0 && (below === null || order(version, below) < 0),
    );
  return wish.exact ?? juliaReleases.findLast(isIn);
}
