import type { ContainerRecipe, ContainerStep, Stage } from "@repo2singularity/contracts";
import { describeDecision } from "../../render/text.ts";

/** A container file's plan as a person reads it: stages with their layers, one line for each step. */
export function renderContainerText(recipe: ContainerRecipe): string {
  const { entrypoint, cmd } = recipe.stages.at(-1)?.config ?? { entrypoint: [], cmd: [] };
  const command = recipe.texts?.runscript === undefined ? [...entrypoint, ...cmd].join(" ") : "%runscript";
  const lines = [
    `file      ${recipe.file} (${recipe.platform})`,
    `family    ${recipe.family}`,
    `command   ${command === "" ? "/bin/sh" : command}`,
    "",
    "decisions",
    ...recipe.decisions.map(describeDecision),
    "",
    "stages",
    ...recipe.stages.flatMap(describeStage),
  ];
  return `${lines.join("\n")}\n`;
}

function describeStage({ name, base, groups }: Stage): string[] {
  const from = base.kind === "image" ? base.reference : base.kind === "stage" ? `stage ${base.name}` : "nothing";
  return [
    `  ${name}: from ${from}`,
    ...groups.flatMap(({ line, steps }) =>
      steps.map((step) => `    ${String(line).padStart(3)} ${describeStep(step)}`),
    ),
  ];
}

function describeStep(step: ContainerStep): string {
  const from = step.kind === "copy" && step.from.kind !== "context" ? " (of another image)" : "";
  const without = step.kind === "run" && !step.network ? " (no network)" : "";
  return `${step.title.replaceAll("\n", " ")}${from}${without}`;
}
