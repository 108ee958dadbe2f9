import type { ContainerRecipe, Decision, ImageConfig, Stage } from "@repo2singularity/contracts";
import { recipeVersion } from "@repo2singularity/contracts/version";
import type { ConfigFile } from "../../detect/config-file.ts";
import { invalidFile } from "../../detect/config-file.ts";
import type { ContainerPlanOptions } from "../container-options.ts";
import { emptyConfig } from "../empty-config.ts";
import { stageOrigins } from "../needed-stages.ts";
import { defaultPath } from "../default-path.ts";
import { planCopy } from "./copy.ts";
import { fileProblem } from "./file-problem.ts";
import { metadataPlans } from "./metadata.ts";
import { imageReference } from "./origin.ts";
import { parseDockerfile, type ParsedDockerfile } from "./parse-dockerfile.ts";
import { predefinedArgs, repo2dockerArgs } from "./platform-args.ts";
import { planRun } from "./run.ts";
import type { PlanInstruction, StageContext, StageState } from "./stage-state.ts";
import { findStage, splitStages, type WrittenStage, type WrittenStages } from "./stages.ts";

const plans: Readonly<Record<string, PlanInstruction>> = {
  ...metadataPlans,
  RUN: planRun,
  COPY: planCopy,
  ADD: planCopy,
};

/**
 * Plans a Dockerfile: the stages that the wanted one needs, each as layers over its base.
 * @throws E_RECIPE_FILE_INVALID with file and line
 */
export function planDockerfile(file: ConfigFile, given: ContainerPlanOptions): ContainerRecipe {
  const options = { ...given, buildArgs: { ...repo2dockerArgs, ...given.buildArgs } };
  const parsed = parseDockerfile(file);
  const written = splitStages(parsed, options);
  const target = targetOf(written, parsed, options.target);
  const kept = planNeeded(target, { file: parsed, written, options });
  const skipped = written.stages.filter(({ name }) => !kept.some(({ stage }) => stage.name === name));
  return {
    version: recipeVersion,
    family: "dockerfile",
    platform: options.platform,
    file: file.path,
    stages: kept.map(({ stage }) => stage),
    decisions: [
      {
        subject: file.path,
        outcome: "used",
        reason: "a Dockerfile describes the whole image: nothing else of the repository is read",
      },
      ...skipped.map(({ name }): Decision => ({
        subject: `stage ${name}`,
        outcome: "ignored",
        reason: `${target.name} does not need it`,
      })),
      ...unusedArgs(parsed, given.buildArgs),
      ...kept.flatMap(({ decisions }) => decisions),
    ],
  };
}

interface PlannedStage {
  readonly stage: Stage;
  readonly decisions: readonly Decision[];
}

function targetOf({ stages }: WrittenStages, file: ParsedDockerfile, wanted: string | undefined): WrittenStage {
  const found = wanted === undefined ? stages.at(-1) : findStage(stages, wanted);
  if (found !== undefined) return found;
  const names = stages.map(({ name }) => name).join(", ");
  throw invalidFile(file.path, `there is no stage ${wanted ?? ""}`, { hint: `--target takes one of ${names}` });
}

type PlanContext = Omit<StageContext, "number">;

/** A stage and those that it needs, in the order of the file; mistakes in others stop nothing. */
function planNeeded(target: WrittenStage, context: PlanContext): readonly PlannedStage[] {
  const { stages } = context.written;
  const planned = new Map<string, PlannedStage>();
  const ensure = (name: string): PlannedStage | undefined => {
    const stage = stages.find((one) => one.name === name);
    const known = planned.get(name);
    if (known !== undefined || stage === undefined) return known;
    const base = stage.fromStage === undefined ? undefined : ensure(stage.fromStage);
    const result = planStage(stage, base?.stage.config, context);
    for (const origin of stageOrigins(result.stage)) if (origin.kind === "stage") ensure(origin.name);
    planned.set(name, result);
    return result;
  };
  ensure(target.name);
  return stages.flatMap(({ name }) => planned.get(name) ?? []);
}

/** @param ofBase configuration of the stage that this one starts from */
function planStage(stage: WrittenStage, ofBase: ImageConfig | undefined, shared: PlanContext): PlannedStage {
  const { file, options } = shared;
  const place = { path: file.path, line: stage.line };
  const base: Stage["base"] =
    stage.fromStage === undefined
      ? stage.from === "scratch"
        ? { kind: "scratch" }
        : { kind: "image", reference: imageReference(stage.from, place) }
      : { kind: "stage", name: stage.fromStage };
  const known = base.kind === "image" ? options.describeBase(base.reference) : undefined;
  const inherited = ofBase ?? known;
  const config = { ...(inherited ?? emptyConfig), onBuild: [] };
  const environment = base.kind === "scratch" ? {} : { PATH: defaultPath, ...config.environment };
  const declared = predefinedArgs.flatMap((name) => {
    const value = options.buildArgs[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const start: StageState = {
    config: { ...config, environment },
    args: Object.fromEntries(declared),
    groups: [],
    folders: [],
    hasOwnCmd: false,
    decisions: base.kind === "image" && known === undefined ? [unknownBase(base.reference)] : [],
  };
  const context: StageContext = { ...shared, number: stage.number };
  const triggers = (inherited?.onBuild ?? []).flatMap((text) => {
    const { instructions } = parseDockerfile({ path: `${file.path} (ONBUILD of ${stage.from})`, text });
    return instructions.map((instruction) => ({ ...instruction, line: stage.line }));
  });
  let state = start;
  for (const instruction of [...triggers, ...stage.instructions]) {
    const plan = plans[instruction.keyword];
    if (plan === undefined)
      throw fileProblem({ path: file.path, line: instruction.line }, `${instruction.keyword} is not allowed here`);
    state = plan(state, instruction, context);
  }
  return {
    stage: { name: stage.name, base, groups: [...endFolders(state, stage)], config: state.config },
    decisions: state.decisions,
  };
}

/** Folders of WORKDIR that no layer follows become one of their own. */
function endFolders({ groups, folders }: StageState, stage: WrittenStage): Stage["groups"] {
  const last = folders.at(-1);
  if (last === undefined) return [...groups];
  const line = stage.instructions.findLast(({ keyword }) => keyword === "WORKDIR")?.line ?? stage.line;
  return [...groups, { line, title: last.title, steps: [...folders] }];
}

function unknownBase(reference: string): Decision {
  return {
    subject: reference,
    outcome: "chosen",
    reason: "its own variables and command are known once a build has fetched it",
  };
}

function unusedArgs(file: ParsedDockerfile, given: Readonly<Record<string, string>>): Decision[] {
  const text = file.instructions
    .filter(({ keyword }) => keyword === "ARG")
    .map(({ rest }) => ` ${rest}`)
    .join(" ");
  const isDeclared = (name: string): boolean => text.split(/[\s=]/).includes(name) || predefinedArgs.includes(name);
  return Object.keys(given)
    .filter((name) => !isDeclared(name))
    .map((name) => ({ subject: `--build-arg ${name}`, outcome: "ignored", reason: "no ARG declares it" }));
}
