import { runCli } from "../run-cli.ts";

/** What a command line wrote and how it ended. */
export interface Written {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in a home, which is the working folder too, and collects what it writes. */
export async function runInHome(home: string, args: readonly string[]): Promise<Written> {
  const written = { stdout: "", stderr: "" };
  const status = await runCli(args, {
    env: { PATH: process.env["PATH"], HOME: home },
    cwd: home,
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    signal: new AbortController().signal,
  });
  return { status, ...written };
}
