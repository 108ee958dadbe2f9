import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** A plain file server, which knows nothing of registries. */
export interface StaticServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
}

/**
 * Serves a folder with Python's own server.
 * @param address of the loopback; one of its own for a server that needs a port of its own
 * @param port 0 for any that is free; below 1,024 for root alone
 * @throws Error when it does not come up
 */
export async function serveStatic(folder: string, address = "127.0.0.1", port = 0): Promise<StaticServer> {
  const words = ["-u", "-m", "http.server", String(port), "--bind", address, "--directory", folder];
  const child = spawn("/usr/bin/python3", words, { stdio: ["ignore", "pipe", "ignore"] });
  const told = await firstLine(child);
  const number = / port (\d+)/.exec(told)?.[1];
  if (number === undefined) {
    await stop(child);
    throw new Error(`the file server does not listen on port ${port}: ${told}`);
  }
  const host = number === "80" ? address : `${address}:${number}`;
  return { host, url: `http://${host}`, [Symbol.asyncDispose]: () => stop(child) };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const line = new Promise<string>((resolve) => {
    child.stdout?.setEncoding("utf8").once("data", resolve);
    child.once("exit", (status) => resolve(`it ended with ${status}`));
  });
  return Promise.race([line, sleep(20_000, "it says nothing", { ref: false })]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
