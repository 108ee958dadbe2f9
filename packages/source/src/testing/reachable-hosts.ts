import { connect } from "node:net";

const longestWaitMs = 1_500;

/** Which of some hosts can be reached directly on port 443; all are tried at once, for 1.5 s at most. */
export async function reachableHosts(hosts: readonly string[]): Promise<ReadonlySet<string>> {
  const tried = await Promise.all(hosts.map(async (host) => ((await isReachable(host)) ? [host] : [])));
  return new Set(tried.flat());
}

async function isReachable(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 443 });
    const finish = (isThere: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isThere);
    };
    const timer = setTimeout(() => finish(false), longestWaitMs);
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}
