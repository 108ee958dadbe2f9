import type { ContainerGroup, ContainerStep, Decision, ImageConfig } from "@repo2singularity/contracts";
import type { ContainerPlanOptions } from "../container-options.ts";
import { expandAt, type FilePlace } from "./file-problem.ts";
import type { Instruction, ParsedDockerfile } from "./parse-dockerfile.ts";
import type { WrittenStages } from "./stages.ts";

/** What the instructions of a stage made so far. */
export interface StageState {
  readonly config: ImageConfig;
  /** Declared arguments with their values. */
  readonly args: Readonly<Record<string, string>>;
  readonly groups: readonly ContainerGroup[];
  /** Folders that the next layer makes first. */
  readonly folders: readonly ContainerStep[];
  /** Whether this file set the command: then ENTRYPOINT keeps it. */
  readonly hasOwnCmd: boolean;
  readonly decisions: readonly Decision[];
}

/** What instructions are planned with, besides the state. */
export interface StageContext {
  readonly file: ParsedDockerfile;
  readonly written: WrittenStages;
  /** Number of the stage that is planned: it sees the ones before it. */
  readonly number: number;
  readonly options: ContainerPlanOptions;
}

/** Plans one kind of instruction. */
export type PlanInstruction = (state: StageState, instruction: Instruction, context: StageContext) => StageState;

/** Variables that instructions see: arguments, and over them the image's own. */
export function variablesOf({ args, config }: StageState): Readonly<Record<string, string>> {
  return { ...args, ...config.environment };
}

/** Where an instruction stands. */
export function placeOf({ line }: Pick<Instruction, "line">, { file }: StageContext): FilePlace {
  return { path: file.path, line };
}

/** A word of an instruction with its variables filled in. @throws E_RECIPE_FILE_INVALID */
export function expandIn(state: StageState, instruction: Instruction, context: StageContext, word: string): string {
  const expansion = { variables: variablesOf(state), escape: context.file.escape };
  return expandAt(placeOf(instruction, context), word, expansion);
}

/** Adds a layer, with the folders that wait for one in front. */
export function withGroup(
  state: StageState,
  { keyword, line, rest }: Instruction,
  ...steps: ContainerStep[]
): StageState {
  const group = { line, title: titleOf(keyword, rest), steps: [...state.folders, ...steps] };
  return { ...state, groups: [...state.groups, group], folders: [] };
}

/** An instruction on one line, as a build shows it. */
export function titleOf(keyword: string, rest: string): string {
  const text = `${keyword} ${rest.replaceAll(/\s+/g, " ")}`;
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** Adds a line to the plan's explanation. */
export function withDecision(
  state: StageState,
  subject: string,
  outcome: Decision["outcome"],
  reason: string,
): StageState {
  return { ...state, decisions: [...state.decisions, { subject, outcome, reason }] };
}
