import type { ContainerStep, StepMount } from "@repo2singularity/contracts";
import { defaultPath } from "../default-path.ts";
import { fileProblem } from "./file-problem.ts";
import { mountOf } from "./mounts.ts";
import type { Instruction } from "./parse-dockerfile.ts";
import {
  expandIn,
  placeOf,
  type PlanInstruction,
  type StageState,
  titleOf,
  variablesOf,
  withDecision,
  withGroup,
} from "./stage-state.ts";

type RunStep = Extract<ContainerStep, { kind: "run" }>;

/** Plans RUN: a command in shell or exec form, or a here-document. */
export const planRun: PlanInstruction = (state, instruction, context) => {
  let network = true;
  const mounts: StepMount[] = [];
  let after = state;
  for (const { name, value = "" } of instruction.flags) {
    const expanded = expandIn(state, instruction, context, value);
    if (name === "network") network = networkOf(expanded, instruction, context);
    else if (name === "mount") {
      const mount = mountOf(expanded, instruction, { state, context });
      if (mount !== undefined) mounts.push(mount);
      else after = withDecision(after, `--mount=${expanded}`, "ignored", "no agent's socket reaches build steps");
    } else if (name === "security" && expanded === "sandbox") continue;
    else throw fileProblem(placeOf(instruction, context), `RUN --${name}=${value} is not supported`);
  }
  const { environment, workingDir, user } = state.config;
  const step: RunStep = {
    kind: "run",
    title: titleOf("RUN", instruction.rest),
    ...commandOf(state, instruction),
    env: { PATH: defaultPath, ...variablesOf(state), ...environment },
    cwd: workingDir,
    user,
    network,
    mounts,
  };
  return withGroup(after, instruction, step);
};

function networkOf(value: string, instruction: Instruction, context: Parameters<PlanInstruction>[2]): boolean {
  if (value === "none") return false;
  if (value === "default" || value === "host") return true;
  throw fileProblem(placeOf(instruction, context), `RUN --network takes default, host or none, found ${value}`);
}

/**
 * A here-document alone is a script, for the shell or for the program of its own first line; one behind a command is
 * the command's input, as any shell reads it.
 */
function commandOf(state: StageState, { rest, json, heredocs }: Instruction): Pick<RunStep, "argv" | "script"> {
  if (json !== undefined) return { argv: [...json] };
  const [only] = heredocs;
  const isScript = only !== undefined && heredocs.length === 1 && /^<<-?["']?[^\s<"']+["']?$/.test(rest);
  if (isScript && only.content.startsWith("#!")) return { argv: [], script: only.content };
  if (isScript) return { argv: [...state.config.shell, only.content] };
  const bodies = heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
  return { argv: [...state.config.shell, `${rest}${bodies}${bodies === "" ? "" : "\n"}`] };
}
