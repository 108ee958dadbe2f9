import { spawn } from "node:child_process";
import path from "node:path";
import { userCommand } from "./program.ts";
import type { User } from "./users.ts";

/** A session that a user started with `--run`. */
export interface Session extends AsyncDisposable {
  /** With the token. */
  readonly url: string;
}

/**
 * Builds a repository if needed and runs it, as a user would; ends the session when it is disposed.
 * @param env variables of the host on top of the test's own
 * @throws Error with the output when the program ends before its server answers
 */
export async function startSession(
  user: User,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Session> {
  const program = path.join(user.clone, "bin/repo2singularity");
  const [command, words] = userCommand(user, program, ["--json-logs", "--run", ...args]);
  const child = spawn(command, words, {
    cwd: user.home,
    env: { ...process.env, HOME: user.home, XDG_CACHE_HOME: user.cacheHome, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error(`the session ended: ${output.slice(-4_000)}`)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const found = /"type":"ready","url":"([^"]+)"/.exec(output);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
  });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
