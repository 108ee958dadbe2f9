import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const limitMs = 120_000;

/**
 * Seconds from starting a server's command to its first answer with status 200.
 * @param commandOf gives the command for a free port; it is ended when it has answered
 * @param path that is asked for, such as `/lab`
 * @throws Error with the end of its output when it ends, or does not answer in two minutes
 */
export async function timeToAnswer(commandOf: (port: number) => readonly string[], path: string): Promise<number> {
  const port = await freePort();
  const [file = "", ...args] = commandOf(port);
  const started = performance.now();
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => (tail = (tail + chunk).slice(-4_000)));
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    while (performance.now() - started < limitMs) {
      if (child.exitCode !== null) throw new Error(`${file} ended with status ${child.exitCode}: ${tail}`);
      const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.status === 200) return (performance.now() - started) / 1000;
      await delay(10);
    }
    throw new Error(`${file} did not answer within ${limitMs} ms: ${tail}`);
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : 0));
    });
  });
}
