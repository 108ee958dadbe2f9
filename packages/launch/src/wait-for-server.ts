import { get } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** What is waited for. */
export interface ServerWait {
  readonly address: string;
  readonly port: number;
  /** Whether there is still something that may answer. */
  readonly isRunning: () => boolean;
  readonly signal?: AbortSignal;
}

const pollMs = 50;

/**
 * Waits until an HTTP server answers anything but "not yet": a repository's settings may have moved its pages.
 * @returns whether it answered; `false` when it ended first
 */
export async function waitForServer(wait: ServerWait): Promise<boolean> {
  while (wait.isRunning()) {
    wait.signal?.throwIfAborted();
    const status = await statusOf(wait.address, wait.port);
    if (status !== undefined && status < 500) return true;
    await delay(pollMs, undefined, wait.signal === undefined ? {} : { signal: wait.signal });
  }
  return false;
}

function statusOf(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, path: "/api", timeout: 5_000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(undefined));
  });
}
