import type { Decision, Recipe, Step } from "@repo2singularity/contracts";

const outcomeMarks: Readonly<Record<Decision["outcome"], string>> = {
  used: "uses",
  ignored: "ignores",
  chosen: "takes",
};

/** A recipe as a person reads it: where it starts, one line for each decision, one for each step. */
export function renderText(recipe: Recipe): string {
  const lines = [
    `base      ${recipe.base} (${recipe.platform})`,
    `family    ${recipe.family}`,
    `folder    ${recipe.repoDir}`,
    `command   ${recipe.command.join(" ")}`,
    ...(recipe.startScript === undefined ? [] : [`start     ${recipe.startScript}`]),
    "",
    "decisions",
    ...recipe.decisions.map(describeDecision),
    "",
    "steps",
    ...recipe.groups.flatMap((group) => [
      `  ${group.name}: ${group.title}`,
      ...group.steps.map((step) => `    - ${describeStep(step)}`),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

/** A decision on one line. */
export function describeDecision({ subject, outcome, reason }: Decision): string {
  return `  ${outcomeMarks[outcome].padEnd(8)} ${subject}: ${reason}`;
}

function describeStep(step: Step): string {
  switch (step.kind) {
    case "run":
      return `${step.title}${step.network ? " (network)" : ""}`;
    case "copy":
      return `${step.title} to ${step.destination}`;
    case "write":
      return `${step.title}: ${step.path}`;
    default:
      return step satisfies never;
  }
}
