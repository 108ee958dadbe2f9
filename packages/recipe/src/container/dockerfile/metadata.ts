import { posix } from "node:path";
import type { ImageConfig } from "@repo2singularity/contracts";
import { fileProblem } from "./file-problem.ts";
import type { Instruction } from "./parse-dockerfile.ts";
import { pairsOf } from "./pairs.ts";
import {
  expandIn,
  placeOf,
  type PlanInstruction,
  type StageContext,
  type StageState,
  titleOf,
  variablesOf,
  withDecision,
} from "./stage-state.ts";
import { expandAt } from "./file-problem.ts";

function withConfig(state: StageState, change: Partial<ImageConfig>): StageState {
  return { ...state, config: { ...state.config, ...change } };
}

function expandPairs(state: StageState, instruction: Instruction, context: StageContext): Record<string, string> {
  const options = { place: placeOf(instruction, context), escape: context.file.escape, allowsBare: false };
  const expand = (word = ""): string => expandIn(state, instruction, context, word);
  return Object.fromEntries(pairsOf(instruction.rest, options).map(([name, value]) => [expand(name), expand(value)]));
}

const planEnv: PlanInstruction = (state, instruction, context) => {
  const pairs = expandPairs(state, instruction, context);
  const wrong = Object.keys(pairs).find((name) => !/^[A-Za-z_]\w*$/.test(name));
  if (wrong !== undefined)
    throw fileProblem(placeOf(instruction, context), `${wrong} is no name that a shell can hold`);
  return withConfig(state, { environment: { ...state.config.environment, ...pairs } });
};

const planLabel: PlanInstruction = (state, instruction, context) => {
  const pairs = expandPairs(state, instruction, context);
  return withConfig(state, { labels: { ...state.config.labels, ...pairs } });
};

/** A stage's arguments: the command line's value, else its own, else that of the same name before the first FROM. */
const planArg: PlanInstruction = (state, instruction, context) => {
  const place = placeOf(instruction, context);
  const { escape } = context.file;
  let args = state.args;
  for (const [name, value] of pairsOf(instruction.rest, { place, escape, allowsBare: true })) {
    const variables = variablesOf({ ...state, args });
    const own = value === undefined ? context.written.globalArgs[name] : expandAt(place, value, { variables, escape });
    const given = context.options.buildArgs[name] ?? own;
    if (given !== undefined) args = { ...args, [name]: given };
  }
  return { ...state, args };
};

const planWorkdir: PlanInstruction = (state, instruction, context) => {
  const written = expandIn(state, instruction, context, instruction.rest);
  if (written === "") throw fileProblem(placeOf(instruction, context), "WORKDIR names no folder");
  const path = posix.resolve(state.config.workingDir, written);
  const folder = { kind: "folder", title: titleOf("WORKDIR", path), path } as const;
  const folders = path === "/" ? state.folders : [...state.folders, folder];
  return { ...withConfig(state, { workingDir: path }), folders };
};

const planUser: PlanInstruction = (state, instruction, context) => {
  const user = expandIn(state, instruction, context, instruction.rest);
  const reason = "sets HOME from the image's passwd file; programs run as whoever builds and runs the image";
  return withDecision(withConfig(state, { user }), titleOf("USER", user), "used", reason);
};

const planShell: PlanInstruction = (state, instruction, context) => {
  const { json } = instruction;
  if (json === undefined || json.length === 0) {
    throw fileProblem(placeOf(instruction, context), 'SHELL takes the form ["program", "argument"]');
  }
  return withConfig(state, { shell: [...json] });
};

function wordsOf(state: StageState, { json, rest }: Instruction): string[] {
  return json === undefined ? [...state.config.shell, rest] : [...json];
}

const planCmd: PlanInstruction = (state, instruction) => {
  return { ...withConfig(state, { cmd: wordsOf(state, instruction) }), hasOwnCmd: true };
};

/** A new entrypoint takes away the command that the base had for its own. */
const planEntrypoint: PlanInstruction = (state, instruction) => {
  const entrypoint = wordsOf(state, instruction);
  return withConfig(state, { entrypoint, ...(state.hasOwnCmd ? {} : { cmd: [] }) });
};

const planOnBuild: PlanInstruction = (state, instruction, context) => {
  const [inner = ""] = instruction.rest.split(/\s/);
  if (["ONBUILD", "FROM", "MAINTAINER"].includes(inner.toUpperCase())) {
    throw fileProblem(placeOf(instruction, context), `ONBUILD ${inner} is not allowed`);
  }
  return withConfig(state, { onBuild: [...state.config.onBuild, instruction.rest] });
};

/** Instructions that mean nothing in an image that a runtime starts as an ordinary program. */
const without = (why: string): PlanInstruction => {
  return (state, { keyword, rest }) => withDecision(state, titleOf(keyword, rest), "ignored", why);
};

const planMaintainer: PlanInstruction = (state, { rest }) => {
  return withConfig(state, { labels: { ...state.config.labels, maintainer: rest } });
};

/** Plans of the instructions that change no file. */
export const metadataPlans: Readonly<Record<string, PlanInstruction>> = {
  ARG: planArg,
  CMD: planCmd,
  ENTRYPOINT: planEntrypoint,
  ENV: planEnv,
  EXPOSE: without("programs of an image use the network of the machine that runs it"),
  HEALTHCHECK: without("nothing watches the image's programs"),
  LABEL: planLabel,
  MAINTAINER: planMaintainer,
  ONBUILD: planOnBuild,
  SHELL: planShell,
  STOPSIGNAL: without("a session's programs are ended with SIGTERM"),
  USER: planUser,
  VOLUME: without("images are read-only: bind a folder when you run it, for example with --bind"),
  WORKDIR: planWorkdir,
};
