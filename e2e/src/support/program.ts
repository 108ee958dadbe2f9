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

/** Runs a program as a user; the machine's own environment is kept but for HOME and caches. */
export function runAs(user: User, command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const isOther = user.uid !== process.getuid?.();
  const words = isOther
    ? ["setpriv", `--reuid=${user.uid}`, `--regid=${user.uid}`, "--clear-groups", command, ...args]
    : [command, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(words[0] ?? command, words.slice(1), {
      cwd: options.cwd ?? user.home,
      env: { ...process.env, HOME: user.home, XDG_CACHE_HOME: path.join(user.home, ".cache"), ...options.env },
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
