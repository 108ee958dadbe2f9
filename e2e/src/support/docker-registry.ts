import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A registry that runs. */
export interface Registry {
  readonly port: number;
  stop(): void;
}

/** Debian's docker-registry, which says in its log which port it took. */
export async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder);
  const config = path.join(folder, "config.yml");
  const lines = [
    "version: 0.1",
    "storage:",
    "  filesystem:",
    `    rootdirectory: ${folder}/data`,
    "http:",
    "  addr: 127.0.0.1:0",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const child: ChildProcess = spawn("docker-registry", ["serve", config], { stdio: ["ignore", "ignore", "pipe"] });
  const port = await new Promise<number>((resolve, reject) => {
    let output = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(output);
      if (found?.[1] !== undefined) resolve(Number(found[1]));
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`docker-registry ended: ${output}`)));
  });
  return { port, stop: () => void child.kill() };
}
