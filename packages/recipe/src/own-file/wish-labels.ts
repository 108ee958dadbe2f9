import { parseSize } from "@repo2singularity/base";
import type { OwnFile } from "@repo2singularity/contracts";
import { wishLabelNames } from "@repo2singularity/contracts/labels";
import type { Gpu } from "../gpu/gpu-clues.ts";

/** What labels are made from. */
export interface LabelledWishes {
  readonly resources?: OwnFile["resources"] | undefined;
  readonly gpu?: Gpu | undefined;
  /** `YYYY-MM-DD`. */
  readonly day?: string | undefined;
}

/** The labels of an image, for whatever runs it later: plain numbers in the units of their names. */
export function wishLabels({ resources, gpu, day }: LabelledWishes): Readonly<Record<string, string>> {
  const { cpus, memory, time, gpus } = resources ?? {};
  const labels = {
    [wishLabelNames.gpu]: gpu,
    [wishLabelNames.date]: day,
    [wishLabelNames.cpus]: cpus,
    [wishLabelNames.memoryBytes]: memory === undefined ? undefined : parseSize(memory),
    [wishLabelNames.timeSeconds]: time === undefined ? undefined : parseTime(time),
    [wishLabelNames.gpus]: gpus,
  };
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

/** Seconds of `D-HH:MM:SS`, `HH:MM:SS` or `HH:MM`, which the schema has checked. */
function parseTime(time: string): number {
  const [days, clock] = time.includes("-") ? time.split("-") : ["0", time];
  const [hours = 0, minutes = 0, seconds = 0] = (clock ?? "").split(":").map(Number);
  return Number(days) * 86_400 + hours * 3600 + minutes * 60 + seconds;
}
