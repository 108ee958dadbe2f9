import { AppError, isAppError } from "@repo2singularity/base";
import { environmentPrefix } from "../native/programs/enter.ts";
import type { StepCommand } from "./port.ts";

/**
 * Refuses commands that cannot be handed to a kernel.
 * @throws E_INTERNAL for an empty command, a relative folder or a zero byte; E_USAGE for a variable's name
 */
export function checkCommand(command: StepCommand): void {
  if (command.argv[0] === undefined || command.argv[0] === "" || !command.cwd.startsWith("/")) {
    throw new AppError("E_INTERNAL", "a step needs a command and an absolute working folder");
  }
  const texts = [...command.argv, command.cwd, ...Object.values(command.env)];
  if (texts.some((text) => text.includes("\0"))) {
    throw new AppError("E_INTERNAL", `step ${command.argv[0]}: an argument or variable holds a zero byte`);
  }
  for (const name of Object.keys(command.env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new AppError("E_USAGE", `environment variable ${JSON.stringify(name)}: not a name that a shell can hold`);
    }
  }
}

/** Where the command's program can lie in the tree. */
export function commandCandidates({ argv: [program = ""], env }: StepCommand): string[] {
  if (program.includes("/")) return [program];
  const path = env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return path
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => `${folder}/${program}`);
}

/** The command's variables under the names by which the helper program `enter` takes them over. */
export function markedEnvironment({ env }: StepCommand): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [`${environmentPrefix}${name}`, value]));
}

/** Says an exceeded time limit in the words of the port; passes every other error. */
export function stepTimeout(error: unknown, command: StepCommand): unknown {
  if (!isAppError(error, "E_PROCESS_TIMEOUT")) return error;
  const shown = command.argv.join(" ").slice(0, 200);
  return new AppError("E_STEP_TIMEOUT", `${shown}: not finished after ${command.timeoutMs} ms`, { cause: error });
}

/** Every status that a command can end with; what they mean is the caller's business. */
export const anyExitCode: readonly number[] = Array.from({ length: 256 }, (_, code) => code);
