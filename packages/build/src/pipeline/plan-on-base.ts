import type { Recipe } from "@repo2singularity/contracts";
import type { RepoTree } from "@repo2singularity/recipe";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { BuildDependencies, BuildRequest, BuildResult } from "./build-request.ts";
import { softwareTimeSeconds } from "./group-key.ts";
import type { PhaseReporter } from "./phase.ts";
import { planCheckout } from "./plan-checkout.ts";
import { type PlanWishes, readWishes } from "./plan-wishes.ts";
import { defaultBasePath } from "./step-setting.ts";

/** A recipe with the base that it was planned for. */
export interface PlannedOnBase {
  readonly recipe: Recipe;
  readonly base: ResolvedBase;
  /** PATH of the base. */
  readonly basePath: string;
  /** Of the repository's files, seconds since 1970. */
  readonly timestampSeconds: number;
  /** `YYYY-MM-DD` when packages are those of that day. */
  readonly day: string | undefined;
  /** What the image runs, when it is not our Jupyter server. */
  readonly command: BuildResult["command"];
}

/**
 * Resolves the base that a repository and its user ask for, and plans the repository on it.
 * @throws what wishes, bases and planning throw
 */
export async function planOnBase(
  tree: RepoTree,
  request: BuildRequest,
  deps: Pick<BuildDependencies, "now" | "resolveBase">,
  phases: PhaseReporter,
): Promise<PlannedOnBase> {
  const { checkout } = request;
  const wishes = await readWishes(tree, request.wishes ?? {}, { checkout, nowMs: deps.now() });
  const base = await phases.run("base", "Base", (phase) => deps.resolveBase(phase, { reference: wishes.base }));
  for (const notice of base.notices) phases.notice(notice);
  const planned = planCheckout(tree, { ...request, base: base.facts, wishes });
  const { PATH: basePath = defaultBasePath, ...baseVariables } = base.environment;
  const recipe = { ...planned, environment: { ...baseVariables, ...planned.environment } };
  const timestampSeconds = checkout.commitTimeSeconds ?? softwareTimeSeconds;
  return { recipe, base, basePath, timestampSeconds, day: wishes.date?.day, command: ownCommand(wishes, recipe) };
}

/** A command that the repository's own file names takes the place of Jupyter Lab, and gets none of its options. */
function ownCommand({ own }: PlanWishes, { command }: Recipe): BuildResult["command"] {
  return own?.values.command === undefined ? undefined : { entrypoint: [], cmd: command };
}
