import type { FileOrigin, Stage } from "@repo2singularity/contracts";

/** Names of the stages that one stage needs, itself among them. */
export function neededStages(stages: readonly Stage[], target: string): ReadonlySet<string> {
  const needed = new Set([target]);
  for (const stage of stages.toReversed()) {
    if (!needed.has(stage.name)) continue;
    if (stage.base.kind === "stage") needed.add(stage.base.name);
    for (const origin of stageOrigins(stage)) if (origin.kind === "stage") needed.add(origin.name);
  }
  return needed;
}

/** Where the steps of a stage take files from. */
export function stageOrigins(stage: Stage): readonly FileOrigin[] {
  return stage.groups
    .flatMap(({ steps }) => steps)
    .flatMap((step): FileOrigin[] => {
      if (step.kind === "copy") return [step.from];
      if (step.kind !== "run") return [];
      return step.mounts.flatMap((mount) => (mount.kind === "bind" ? [mount.from] : []));
    });
}
