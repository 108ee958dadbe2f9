import type { Decision } from "@repo2singularity/contracts";
import { chooseGpu, type GpuOption } from "../gpu/choose-gpu.ts";
import type { OwnWishes } from "./read-own-file.ts";
import { wishLabels } from "./wish-labels.ts";

/** An image that somebody else describes: its container file, or a builder. */
export interface DescribedImage {
  /** References of the images that it stands on, as far as they are known. */
  readonly images: readonly string[];
  /** Why wishes of how it is made are passed over, for people. */
  readonly reason: string;
}

/** What is asked of such an image besides what its description says. */
export interface ContainerWishes {
  readonly own?: OwnWishes | undefined;
  /** The value of `--gpu`. */
  readonly gpu?: GpuOption | undefined;
  /** The value of `--date`. */
  readonly date?: string | undefined;
  /** The value of `--base`. */
  readonly base?: string | undefined;
}

/** Keys of the own file that speak of sessions, not of how the image is made. */
const sessionKeys: ReadonlySet<string> = new Set(["resources", "gpu"]);

/**
 * What wishes mean for an image that a Dockerfile, a definition file or another builder describes: labels for whoever runs
 * it. How it is made is their business, and a decision says so of every wish that is passed over.
 */
export function containerWishes(
  { images, reason }: DescribedImage,
  { own, gpu, date, base }: ContainerWishes,
): { readonly labels: Readonly<Record<string, string>>; readonly decisions: readonly Decision[] } {
  const chosen = chooseGpu({
    option: gpu,
    own: own?.values.gpu === undefined ? undefined : { gpu: own.values.gpu, name: own.name },
    images,
    packages: [],
  });
  const ignored = (subject: string): Decision => ({ subject, outcome: "ignored", reason });
  return {
    labels: wishLabels({ resources: own?.values.resources, gpu: chosen.gpu }),
    decisions: [
      ...(own === undefined ? [] : keyDecisions(own, ignored)),
      ...(base === undefined ? [] : [ignored("--base")]),
      ...(date === undefined ? [] : [ignored("--date")]),
      ...chosen.decisions,
    ],
  };
}

function keyDecisions({ name, values }: OwnWishes, ignored: (subject: string) => Decision): readonly Decision[] {
  const keys = Object.keys(values);
  const used = keys.filter((key) => sessionKeys.has(key));
  return [
    ...(used.length === 0
      ? []
      : [{ subject: name, outcome: "used" as const, reason: `it sets ${used.join(", ")} of sessions` }]),
    ...keys.filter((key) => !sessionKeys.has(key)).map((key) => ignored(`${name}: ${key}`)),
  ];
}
