import { spawn } from "node:child_process";
import path from "node:path";
import type { User } from "./users.ts";

/** What a program that ended left behind. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Runs `bin/repo2singularity` as a user would: from the user's home, with the user's own cache. */
export function repo2singularity(user: User, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runAs(user, path.join(user.clone, "bin/repo2singularity"), args, options);
}

/** The program and the arguments with which a command is run as a user. */
export function userCommand(user: User, command: string, args: readonly string[]): [string, readonly string[]] {
  if (user.uid === process.getuid?.()) return [command, args];
  return ["setpriv", [`--reuid=${user.uid}`, `--regid=${user.uid}`, "--clear-groups", command, ...args]];
}

/** Runs a program as a user; the machine's own environment is kept but for HOME and caches. */
export function runAs(user: User, command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const [program, words] = userCommand(user, command, args);
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd: options.cwd ?? user.home,
      env: { ...process.env, HOME: user.home, XDG_CACHE_HOME: user.cacheHome, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      signal: options.signal,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? -1, ...output }));
  });
}
