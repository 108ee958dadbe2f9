import { spawn } from "node:child_process";
import path from "node:path";
import { userCommand } from "./program.ts";
import type { User } from "./users.ts";

/** A registry server of ours that runs. */
export interface OwnRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** File with the token of the account `admin`. */
  readonly tokenFile: string;
  /** Ends it and waits for its end. */
  stop(): Promise<void>;
}

/** Starts `registry serve` for a folder, on a port that it takes itself. */
export async function startOwnRegistry(user: User, folder: string): Promise<OwnRegistry> {
  const program = path.join(user.clone, "bin/repo2singularity");
  const args = ["registry", "serve", "--root", folder, "--port", "0", "--log-level", "warn"];
  const [command, words] = userCommand(user, program, args);
  const child = spawn(command, words, {
    cwd: user.home,
    env: { ...process.env, HOME: user.home, XDG_CACHE_HOME: user.cacheHome },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const host = await new Promise<string>((resolve, reject) => {
    let output = "";
    const listen = (text: string): void => {
      output += text;
      const found = /serving \S+ at http:\/\/(127\.0\.0\.1:\d+)/.exec(output);
      if (found?.[1] !== undefined) resolve(found[1]);
    };
    child.stdout.setEncoding("utf8").on("data", listen);
    child.stderr.setEncoding("utf8").on("data", listen);
    child.once("error", reject);
    child.once("close", () => reject(new Error(`the registry ended: ${output}`)));
  });
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  return { host, tokenFile: path.join(folder, "admin-token"), stop };
}
