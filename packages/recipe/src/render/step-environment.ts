import { shellQuote } from "@repo2singularity/base";
import type { Recipe, Step } from "@repo2singularity/contracts";

type RunStep = Extract<Step, { kind: "run" }>;

/** All steps of a recipe in order. */
export function allSteps(recipe: Recipe): readonly Step[] {
  return recipe.groups.flatMap(({ steps }) => steps);
}

/** The variables that every run step sets to the same value, so that a rendering says them once. */
export function sharedStepEnvironment(recipe: Recipe): ReadonlyMap<string, string> {
  const runs = allSteps(recipe).filter((step) => step.kind === "run");
  const [first, ...rest] = runs;
  const entries = Object.entries(first?.env ?? {});
  return new Map(entries.filter(([name, value]) => rest.every(({ env }) => env[name] === value)));
}

/** Lines of sh that set what a step has of its own and enter its folder. */
export function stepPrologue(step: RunStep, shared: ReadonlyMap<string, string>): string {
  const own = Object.entries(step.env).filter(([name, value]) => shared.get(name) !== value);
  const folder = step.cwd === "/" ? [] : [`cd ${shellQuote(step.cwd)}`];
  return [...own.map(([name, value]) => `export ${name}=${shellQuote(value)}`), ...folder]
    .map((line) => `${line}\n`)
    .join("");
}
