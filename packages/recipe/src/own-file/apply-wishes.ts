import type { BaseFacts, Decision, Recipe } from "@repo2singularity/contracts";
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
  return {
    ...recipe,
    groups: date === undefined ? recipe.groups : [...pinGroups(recipe.groups, base, date)],
    environment: { ...recipe.environment, ...env },
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
