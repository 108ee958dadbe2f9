import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A docker daemon of a test's or benchmark's own, with nothing in it. */
export interface DockerDaemon extends AsyncDisposable {
  /** For clients: the value of `DOCKER_HOST`. */
  readonly host: string;
  /** Of the daemon, such as `20.10.24`. */
  readonly version: string;
}

const startLimitMs = 60_000;
const run = promisify(execFile);

/**
 * Starts a docker daemon on a socket and a folder of its own; builds use the host's network, so that it needs no bridge.
 * It ends when it is disposed; its folder stays, with nothing mounted in it.
 * @throws Error when it does not come up here: it needs root, and a file system that overlays can lie on
 */
export async function startDockerDaemon(folder: string): Promise<DockerDaemon> {
  await mkdir(folder, { recursive: true });
  const host = `unix://${path.join(folder, "docker.sock")}`;
  const places = [`--data-root=${path.join(folder, "data")}`, `--exec-root=${path.join(folder, "exec")}`];
  const network = ["--bridge=none", "--iptables=false", "--ip6tables=false"];
  const daemon = spawn("dockerd", ["-H", host, "--pidfile", path.join(folder, "pid"), ...places, ...network], {
    stdio: "ignore",
  });
  try {
    return { host, version: await waitForAnswer(daemon, host), [Symbol.asyncDispose]: () => end(daemon, folder) };
  } catch (error) {
    await end(daemon, folder);
    throw error;
  }
}

async function waitForAnswer(daemon: ChildProcess, host: string): Promise<string> {
  const failed = new Promise<never>((_, reject) => daemon.once("error", reject));
  const asked = async (): Promise<string> => {
    const env = { ...process.env, DOCKER_HOST: host };
    const limit = performance.now() + startLimitMs;
    while (daemon.exitCode === null && performance.now() < limit) {
      try {
        return (await run("docker", ["version", "--format", "{{.Server.Version}}"], { env })).stdout.trim();
      } catch {
        await sleep(200); // it does not answer yet
      }
    }
    throw new Error("dockerd does not come up here: it needs root, and a file system that overlays can lie on");
  };
  return Promise.race([asked(), failed]);
}

async function end(daemon: ChildProcess, folder: string): Promise<void> {
  if (daemon.pid !== undefined && daemon.exitCode === null && daemon.signalCode === null) {
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await ended;
  }
  // it leaves the network namespace of its containers mounted
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  for (const place of mounts.filter((mount) => mount.startsWith(`${folder}/`)).toReversed())
    await run("umount", [place]);
}
