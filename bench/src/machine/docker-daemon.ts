import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runTimed } from "../measure/timed-process.ts";

/** A docker daemon of the benchmark's own, with nothing in it. */
export interface DockerDaemon extends AsyncDisposable {
  /** For clients: the value of `DOCKER_HOST`. */
  readonly host: string;
  /** The client of the daemon's own package, where it is: another one may lack the plugin that it builds with. */
  readonly client: string;
  /** Of the daemon, such as `20.10.24`. */
  readonly version: string;
}

const startLimitMs = 60_000;

/**
 * Starts a docker daemon on a socket and a folder of its own; builds use the host's network, so that it needs no bridge.
 * @throws Error when it does not come up here: it needs root, and overlays on the folder's file system
 */
export async function startDockerDaemon(folder: string): Promise<DockerDaemon> {
  await mkdir(folder, { recursive: true });
  const host = `unix://${join(folder, "docker.sock")}`;
  const places = [`--data-root=${join(folder, "data")}`, `--exec-root=${join(folder, "exec")}`];
  const network = ["--bridge=none", "--iptables=false", "--ip6tables=false"];
  const daemon = spawn("dockerd", ["-H", host, "--pidfile", join(folder, "pid"), ...places, ...network], {
    stdio: "ignore",
  });
  const client = existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker";
  try {
    return { host, client, version: await waitForAnswer(daemon, host), [Symbol.asyncDispose]: () => end(daemon) };
  } catch (error) {
    await end(daemon);
    throw error;
  }
}

async function waitForAnswer(daemon: ChildProcess, host: string): Promise<string> {
  const limit = performance.now() + startLimitMs;
  while (daemon.exitCode === null && performance.now() < limit) {
    const asked = await runTimed("docker", ["version", "--format", "{{.Server.Version}}"], {
      env: { DOCKER_HOST: host },
      okExitCodes: [0, 1],
    });
    if (asked.exitCode === 0) return asked.stdout.trim();
    await sleep(200);
  }
  throw new Error("dockerd does not come up here: it needs root, and a file system that overlays can lie on");
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGTERM");
  await ended;
}
