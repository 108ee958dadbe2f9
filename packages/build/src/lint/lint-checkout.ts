import { isAppError } from "@repo2singularity/base";
import type { Recipe } from "@repo2singularity/contracts";
import type { RepoTree } from "@repo2singularity/recipe";
import {
  type AptAnswer,
  type Finding,
  findConfigDirectory,
  type LintInput,
  planFinding,
  readAptFiles,
  runLint,
  sortFindings,
} from "@repo2singularity/recipe/lint";
import type { Checkout } from "@repo2singularity/source";
import { planBaseFacts } from "../base/plan-base-facts.ts";
import { findContainerFile } from "../container/find-container-file.ts";
import { type ContainerChoices, planContainerCheckout } from "../container/plan-container-checkout.ts";
import { planCheckout, type PlanRequest, repoTree } from "../pipeline/plan-checkout.ts";
import { type AskedWishes, readWishes } from "../pipeline/plan-wishes.ts";

/** What is looked at, and with what in mind. */
export interface LintRequest extends Pick<PlanRequest, "platform" | "python" | "compat"> {
  readonly wishes: AskedWishes;
  readonly container: ContainerChoices;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Which packages a release of a distribution does not know. */
  askApt(names: readonly string[], codename: string): Promise<AptAnswer>;
}

/** What planning told, or that it failed. */
type Planned = Pick<LintInput, "decisions" | "stepTexts" | "isContainer" | "images" | "isDated"> & {
  readonly codename?: string;
  readonly failures: readonly Finding[];
};

/**
 * Finds what will fail in a repository before it is built: what planning says, and every rule.
 * @returns findings in the order of paths and lines
 */
export async function lintCheckout(checkout: Checkout, request: LintRequest): Promise<readonly Finding[]> {
  const tree = await repoTree(checkout);
  const planned = await tryPlan(checkout, tree, request);
  const directory = directoryOf(tree);
  const names = planned.isContainer ? [] : readAptFiles(tree, directory);
  const apt = names.length === 0 ? undefined : await askApt(names, planned.codename, request);
  const found = runLint({
    ...planned,
    tree,
    directory,
    files: await checkout.files(),
    ...(apt === undefined ? {} : { apt }),
  });
  // a rule that looked at the same line says more than the plan, which ends at the first mistake
  const failures = planned.failures.filter(
    (failure) =>
      !found.some(({ path, line, severity }) => severity === "error" && path === failure.path && line === failure.line),
  );
  return sortFindings([...failures, ...found]);
}

/** With both folders there the plan says so; the rules then look at the visible one. */
function directoryOf(tree: RepoTree): LintInput["directory"] {
  return tree.isDirectory("binder") ? "binder" : findConfigDirectory(tree);
}

async function askApt(
  names: readonly string[],
  codename: string | undefined,
  request: LintRequest,
): Promise<AptAnswer> {
  if (codename !== undefined) return request.askApt(names, codename);
  return { kind: "unchecked", reason: "nothing is known of the base without opening it" };
}

async function tryPlan(checkout: Checkout, tree: RepoTree, request: LintRequest): Promise<Planned> {
  const asked = codenameOf(request.wishes);
  const nothing = {
    decisions: [],
    stepTexts: [],
    isContainer: false,
    images: [],
    isDated: false,
    ...(asked === undefined ? {} : { codename: asked }),
  };
  try {
    return await plan(checkout, tree, request);
  } catch (error) {
    if (isAppError(error, "E_BASE_UNAVAILABLE")) {
      return { ...nothing, failures: [{ ...planFinding(error), severity: "note" }] };
    }
    if (!isAppError(error) || !error.code.startsWith("E_RECIPE_")) throw error;
    return { ...nothing, failures: [planFinding(error)] };
  }
}

/** The release of the base that the command line or configuration names, for repositories whose own file is wrong. */
function codenameOf({ base, defaultBase = "auto" }: AskedWishes): string | undefined {
  try {
    return planBaseFacts(base ?? defaultBase).codename;
  } catch (error) {
    if (isAppError(error, "E_BASE_UNAVAILABLE")) return undefined;
    throw error;
  }
}

async function plan(checkout: Checkout, tree: RepoTree, request: LintRequest): Promise<Planned> {
  const { container, platform } = request;
  const found = findContainerFile(checkout.directory, tree, container.definition);
  if (found !== undefined) {
    const options = { tree, platform, target: container.target, buildArgs: container.buildArgs };
    const { stages, decisions } = await planContainerCheckout(found, options, () => Promise.resolve(undefined));
    const images = stages.flatMap(({ base }) => (base.kind === "image" ? [base.reference] : []));
    return { decisions, stepTexts: [], isContainer: true, images, isDated: false, failures: [] };
  }
  const wishes = await readWishes(tree, request.wishes, { checkout, nowMs: request.nowMs });
  const base = planBaseFacts(wishes.base);
  const recipe = planCheckout(tree, { ...request, base, wishes });
  return {
    decisions: recipe.decisions,
    stepTexts: stepTexts(recipe),
    isContainer: false,
    images: [wishes.base],
    isDated: wishes.date !== undefined,
    codename: base.codename,
    failures: [],
  };
}

function stepTexts({ groups }: Recipe): readonly string[] {
  return groups
    .flatMap(({ steps }) => steps)
    .map((step) => (step.kind === "run" ? step.script : step.kind === "write" ? step.content : ""));
}
