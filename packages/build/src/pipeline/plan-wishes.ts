import { AppError } from "@repo2singularity/base";
import type { Decision } from "@repo2singularity/contracts";
import { type DatePin, type GpuOption, pinBase, type RepoTree } from "@repo2singularity/recipe";
import type { OwnWishes } from "@repo2singularity/recipe/own-file";
import type { Checkout } from "@repo2singularity/source";

/** What the command line and the configuration ask of a plan, before the repository is asked. */
export interface AskedWishes {
  /** The value of `--base`. */
  readonly base?: string | undefined;
  /** The base of the configuration; `auto` when left out. */
  readonly defaultBase?: string | undefined;
  /** The value of `--date`: a day such as `2023-05-01`, or `commit`. */
  readonly date?: string | undefined;
  /** The value of `--gpu`. */
  readonly gpu?: GpuOption | undefined;
}

/** What is asked of a plan after the repository's own file was read: what the command line says goes first. */
export interface PlanWishes {
  readonly own?: OwnWishes | undefined;
  readonly date?: DatePin | undefined;
  readonly gpu?: GpuOption | undefined;
  /** The base's reference, as of the day that is asked for. */
  readonly base: string;
  /** Why it is this base, when the repository has a say in it. */
  readonly baseDecisions: readonly Decision[];
}

/**
 * Settles what a plan starts from.
 * @param nowMs milliseconds since 1970
 * @throws E_RECIPE_FILE_INVALID for a wrong own file, E_USAGE for a day that is none or has not begun,
 * E_RECIPE_BASE_UNFIT when no base of the day is known
 */
export async function readWishes(
  tree: RepoTree,
  asked: AskedWishes,
  context: { readonly checkout: Pick<Checkout, "commitTimeSeconds">; readonly nowMs: number },
): Promise<PlanWishes> {
  const own = await readOwn(tree);
  const value = asked.date ?? own?.values.date;
  const date =
    value === undefined
      ? undefined
      : resolveDay(value, asked.date === undefined && own !== undefined ? own.name : "--date", context);
  const named = asked.base ?? own?.values.base ?? asked.defaultBase ?? "auto";
  const base = date === undefined ? named : pinBase(named, date);
  return { own, date, gpu: asked.gpu, base, baseDecisions: baseDecisions(asked, own, base) };
}

/**
 * A repository's own file. The schema takes longer to load than a plan, and most repositories have no file to check.
 * @throws E_RECIPE_FILE_INVALID, E_RECIPE_BOTH_CONFIG_DIRS
 */
export async function readOwn(tree: RepoTree): Promise<OwnWishes | undefined> {
  const isNamed = tree.paths.some((path) => /^(?:\.?binder\/)?repo2singularity\.ya?ml$/.test(path));
  if (!isNamed && tree.readText("pyproject.toml")?.includes("repo2singularity") !== true) return undefined;
  const { readOwnFile } = await import("@repo2singularity/recipe/own-file");
  return readOwnFile(tree);
}

function resolveDay(
  value: string,
  from: string,
  { checkout, nowMs }: { readonly checkout: Pick<Checkout, "commitTimeSeconds">; readonly nowMs: number },
): DatePin {
  if (value === "commit") {
    const seconds = checkout.commitTimeSeconds;
    if (seconds !== undefined) return { day: dayOf(seconds * 1000), from: `${from} (the commit's day)` };
    throw new AppError("E_USAGE", `${from} asks for the day of the commit, and the source has none`, {
      hint: "name a day, such as --date 2023-05-01",
    });
  }
  const isDay =
    /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) && dayOf(Date.parse(value)) === value;
  if (!isDay) {
    throw new AppError("E_USAGE", `${from} ${value}: a day such as 2023-05-01 is expected, or commit`);
  }
  if (value > dayOf(nowMs)) {
    throw new AppError("E_USAGE", `${from} ${value}: this day has not begun, so nobody knows its packages`, {
      hint: "name a day that is over, or leave the date out",
    });
  }
  return { day: value, from };
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

function baseDecisions(asked: AskedWishes, own: OwnWishes | undefined, base: string): readonly Decision[] {
  if (own?.values.base === undefined) return [];
  return asked.base === undefined
    ? [{ subject: `base ${base}`, outcome: "chosen", reason: `${own.name} asks for it` }]
    : [{ subject: `${own.name}: base`, outcome: "ignored", reason: "--base goes before it" }];
}
