import type { BaseFacts, Decision, Step, StepGroup } from "@repo2singularity/contracts";
import { hasSnapshots, pinAptStep } from "./apt-snapshot.ts";
import { type DatePin, endOfDay } from "./date-pin.ts";

/** Groups whose packages are pinned by something else: the Jupyter server by its hashes. */
const pinnedOtherwise: ReadonlySet<string> = new Set(["system", "server"]);

/**
 * Lets the steps of a recipe take packages of a day: apt by its sources, the others by variables that uv, npm and our
 * own programs read. Variables of steps are part of every layer's key.
 */
export function pinGroups(groups: readonly StepGroup[], base: BaseFacts, pin: DatePin): readonly StepGroup[] {
  const pinApt = pinAptStep(base, pin.day);
  const env = { UV_EXCLUDE_NEWER: endOfDay(pin.day), npm_config_before: endOfDay(pin.day), R2S_DATE: pin.day };
  const pinned = groups.map((group): StepGroup => {
    if (pinnedOtherwise.has(group.name)) return group;
    return { ...group, steps: group.steps.map((step) => withVariables(step, env)) };
  });
  if (pinApt === undefined) return pinned;
  const [first, ...rest] = pinned;
  return first?.name === "system"
    ? [{ ...first, steps: [pinApt, ...first.steps] }, ...rest]
    : [{ name: "system", title: "System packages", steps: [pinApt] }, ...pinned];
}

function withVariables(step: Step, env: Readonly<Record<string, string>>): Step {
  return step.kind === "run" && step.network ? { ...step, env: { ...step.env, ...env } } : step;
}

/** What a date pin means for an image, one line for each kind of package. */
export function dateDecisions(base: BaseFacts, { day, from }: DatePin): readonly Decision[] {
  const apt: Decision = hasSnapshots(base)
    ? {
        subject: "apt packages",
        outcome: "chosen",
        reason: `the archive of ${base.distribution} as it was on ${day}, from its snapshot service`,
      }
    : {
        subject: "apt packages",
        outcome: "ignored",
        reason: `no archive of the past is known for the base ${base.reference}: ${day} does not count for them`,
      };
  const isDated = base.reference.endsWith(`@${day}`);
  return [
    {
      subject: `date ${day}`,
      outcome: "chosen",
      reason: `${from} asks for it: Python packages uploaded, conda packages indexed and npm packages published until its end; the Jupyter server has its own lock`,
    },
    apt,
    ...(isDated
      ? []
      : [
          {
            subject: "base",
            outcome: "ignored" as const,
            reason: `${base.reference} is what its name means now; a digest or dated tag would pin it too`,
          },
        ]),
  ];
}
