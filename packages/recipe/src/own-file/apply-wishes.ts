import type { BaseFacts, Decision, Recipe, StepGroup } from "@repo2singularity/contracts";
import type { DatePin } from "../date/date-pin.ts";
import { dateDecisions, pinGroups } from "../date/pin-groups.ts";
import type { GpuChoice } from "../gpu/choose-gpu.ts";
import type { OwnWishes } from "./read-own-file.ts";
import { wishLabels } from "./wish-labels.ts";

/** What is asked of a recipe besides what the files of its languages say. */
export interface Wishes {
  readonly base: BaseFacts;
  readonly own?: OwnWishes | undefined;
  readonly date?: DatePin | undefined;
  readonly gpu: GpuChoice;
}

/** A recipe as its own file, date pin and graphics cards want it. */
export function applyWishes(recipe: Recipe, { base, own, date, gpu }: Wishes): Recipe {
  const { env, command, resources } = own?.values ?? {};
  const groups = env === undefined ? recipe.groups : recipe.groups.map((group) => withVariables(group, env));
  return {
    ...recipe,
    groups: [...(date === undefined ? groups : pinGroups(groups, base, date))],
    ...(env === undefined ? {} : { ownVariables: env }),
    command: command === undefined ? recipe.command : commandWords(command),
    labels: { ...recipe.labels, ...wishLabels({ resources, gpu: gpu.gpu, day: date?.day }) },
    decisions: [
      ...(own === undefined ? [] : ownDecisions(own)),
      ...recipe.decisions,
      ...(date === undefined ? [] : dateDecisions(base, date)),
      ...gpu.decisions,
    ],
  };
}

/** Groups whose layers do not depend on the repository: all images of a base share them. */
const sharedGroups: ReadonlySet<string> = new Set(["system", "server"]);

/** What a step sets for itself goes before the repository's variables: its own programs rely on it. */
function withVariables(group: StepGroup, env: Readonly<Record<string, string>>): StepGroup {
  if (sharedGroups.has(group.name)) return group;
  return {
    ...group,
    steps: group.steps.map((step) => (step.kind === "run" ? { ...step, env: { ...env, ...step.env } } : step)),
  };
}

/** A line is the shell's to read. */
function commandWords(command: string | readonly string[]): string[] {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : [...command];
}

/** One line for the file, one for each other that does not count. */
export function ownDecisions({ name, values, ignored }: OwnWishes): readonly Decision[] {
  const keys = Object.keys(values);
  const used: Decision =
    keys.length === 0
      ? { subject: name, outcome: "ignored", reason: "it sets nothing" }
      : { subject: name, outcome: "used", reason: `it sets ${keys.join(", ")}` };
  return [
    used,
    ...ignored.map((subject): Decision => ({ subject, outcome: "ignored", reason: `${name} goes before it` })),
  ];
}
