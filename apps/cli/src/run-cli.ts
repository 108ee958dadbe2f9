import { CommanderError } from "commander";
import type { HostIo } from "./host-io.ts";
import { exitStatusOf, formatError } from "./output/format-error.ts";
import { readableError } from "./output/readable-error.ts";
import { createProgram } from "./program.ts";

/**
 * Runs one command line.
 * @param args words after the program's name
 * @returns the exit status: 0 ok, 1 failed, 2 usage, 3 the machine lacks something, 130 interrupted; with `--run`, the
 * status of the program that ran
 */
export async function runCli(args: readonly string[], io: HostIo): Promise<number> {
  let status = 0;
  const program = createProgram(io, (code) => {
    status = code;
  });
  try {
    if (args[0] === "complete") (await import("./commands/completion.ts")).addCompletionCommand(program);
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (caught) {
    if (caught instanceof CommanderError) return caught.exitCode === 0 ? 0 : 2;
    const error = readableError(caught);
    io.stderr.write(formatError(error, { jsonLogs: args.includes("--json-logs"), debug: args.includes("--debug") }));
    return exitStatusOf(error);
  }
}
