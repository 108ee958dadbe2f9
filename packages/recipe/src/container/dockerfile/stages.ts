import type { Instruction, ParsedDockerfile } from "./parse-dockerfile.ts";
import { expandAt, fileProblem } from "./file-problem.ts";
import { pairsOf } from "./pairs.ts";
import { platformArgs } from "./platform-args.ts";
import type { ContainerPlanOptions } from "../container-options.ts";
import { splitWords } from "./split-words.ts";

/** A stage as it is written. */
export interface WrittenStage {
  /** Its name in small letters, else its number. */
  readonly name: string;
  readonly number: number;
  readonly line: number;
  /** What `FROM` names, with arguments filled in. */
  readonly from: string;
  /** The stage of the file that this is, if it is one. */
  readonly fromStage: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** A Dockerfile cut at its `FROM` lines. */
export interface WrittenStages {
  readonly stages: readonly WrittenStage[];
  /** Arguments in front of the first `FROM`, with their values; `undefined` for one that has none. */
  readonly globalArgs: Readonly<Record<string, string | undefined>>;
}

/**
 * Cuts a Dockerfile into its stages and fills the arguments in front of the first into the `FROM` lines.
 * @throws E_RECIPE_FILE_INVALID
 */
export function splitStages(
  file: ParsedDockerfile,
  options: Pick<ContainerPlanOptions, "buildArgs" | "platform">,
): WrittenStages {
  const { path, escape, instructions } = file;
  const first = instructions.findIndex(({ keyword }) => keyword === "FROM");
  const [start] = instructions;
  if (first < 0) throw fileProblem({ path, line: start?.line ?? 1 }, "there is no FROM: an image needs a base");
  const globalArgs: Record<string, string | undefined> = { ...platformArgs(options.platform) };
  for (const instruction of instructions.slice(0, first)) {
    const place = { path, line: instruction.line };
    if (instruction.keyword !== "ARG")
      throw fileProblem(place, `only ARG may stand before FROM, found ${instruction.keyword}`);
    for (const [name, value] of pairsOf(instruction.rest, { place, escape, allowsBare: true })) {
      const variables = definedOf(globalArgs);
      const written = value === undefined ? globalArgs[name] : expandAt(place, value, { variables, escape });
      globalArgs[name] = options.buildArgs[name] ?? written;
    }
  }
  const stages: WrittenStage[] = [];
  for (const [index, instruction] of instructions.entries()) {
    if (instruction.keyword !== "FROM") continue;
    const end = instructions.findIndex(({ keyword }, at) => at > index && keyword === "FROM");
    const body = instructions.slice(index + 1, end < 0 ? undefined : end);
    stages.push(readFrom(instruction, { file, options, earlier: stages, variables: definedOf(globalArgs), body }));
  }
  return { stages, globalArgs };
}

interface FromContext {
  readonly file: ParsedDockerfile;
  readonly options: Pick<ContainerPlanOptions, "platform">;
  readonly earlier: readonly WrittenStage[];
  readonly variables: Readonly<Record<string, string>>;
  readonly body: readonly Instruction[];
}

function readFrom({ line, rest, flags }: Instruction, context: FromContext): WrittenStage {
  const { file, options, earlier, variables, body } = context;
  const place = { path: file.path, line };
  const expansion = { variables, escape: file.escape };
  for (const { name, value } of flags) {
    if (name !== "platform") throw fileProblem(place, `FROM has no flag --${name}`);
    const platform = expandAt(place, value ?? "", expansion);
    if (platform === options.platform || platform === "linux" || platform === "local") continue;
    throw fileProblem(place, `FROM is for ${platform}, and steps run on ${options.platform} here`);
  }
  const [image = "", as, name, ...more] = splitWords(rest, file.escape);
  const hasName = as !== undefined;
  if (more.length > 0 || (hasName && (as.toUpperCase() !== "AS" || name === undefined))) {
    throw fileProblem(place, `FROM takes IMAGE or IMAGE AS NAME, found ${rest}`);
  }
  const from = expandAt(place, image, expansion);
  if (from === "") throw fileProblem(place, `FROM ${image} names no image: give its arguments with --build-arg`);
  const stageName = name?.toLowerCase() ?? String(earlier.length);
  if (name !== undefined && !/^[a-z][a-z0-9._-]*$/.test(stageName))
    throw fileProblem(place, `${name} is no name for a stage`);
  if (earlier.some((stage) => stage.name === stageName)) throw fileProblem(place, `there are two stages ${stageName}`);
  const fromStage = earlier.findLast((stage) => stage.name === from.toLowerCase())?.name;
  return { name: stageName, number: earlier.length, line, from, fromStage, instructions: body };
}

/** Finds a stage by its name or number. */
export function findStage(stages: readonly WrittenStage[], wanted: string): WrittenStage | undefined {
  const name = wanted.toLowerCase();
  return stages.findLast((stage) => stage.name === name) ?? stages.find(({ number }) => String(number) === name);
}

function definedOf(args: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(args).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
