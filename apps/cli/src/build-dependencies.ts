import { processRunner, processStreamer } from "@repo2singularity/base";
import type { DaemonDependencies } from "@repo2singularity/build/daemon";
import { type BuildRequest, findKeptBase, openSqliteExtentCache } from "@repo2singularity/build/pipeline";
import type { BuildEventSink } from "@repo2singularity/contracts";
import type { BuildAdapters } from "./build-adapters.ts";
import { executorHost } from "./build-choices.ts";
import type { HostIo } from "./host-io.ts";
import type { BuildFlags } from "./options.ts";
import type { Workbench } from "./workbench.ts";

/**
 * What a build works with on this machine; disposing of it closes connections and files.
 * Executors, clients and the machine's settings are loaded when the cache does not have what is asked for: a build after
 * an edit needs none of them.
 */
export function openBuildDependencies(
  bench: Workbench,
  flags: BuildFlags,
  request: BuildRequest,
  events: BuildEventSink,
  io: HostIo,
): DaemonDependencies & AsyncDisposable {
  const { store } = bench;
  const { platform, format } = request;
  const extentCache = openSqliteExtentCache(store);
  let opened: Promise<BuildAdapters> | undefined;
  const adapters = (): Promise<BuildAdapters> =>
    (opened ??= import("./build-adapters.ts").then(({ openBuildAdapters }) =>
      openBuildAdapters(bench, flags, { ...request, events }, extentCache, io),
    ));
  return {
    store,
    host: executorHost(io),
    extentCache,
    events,
    now: Date.now,
    maxFiles: bench.config.maxFiles,
    signal: io.signal,
    resolveBase: async (phase, { reference, cwd = io.cwd, signers = [] }) => {
      const kept = { store, platform, format, cwd, refresh: flags.refresh === true };
      const found = signers.length === 0 ? await findKeptBase(reference, kept) : undefined;
      return found ?? (await adapters()).resolveBase(phase, { reference, cwd, signers });
    },
    selectExecutor: async () => (await adapters()).selectExecutor(),
    makeSetting: async (base, use) => (await adapters()).makeSetting(base, use),
    openClient: async () => (await adapters()).openClient(),
    docker: { runner: processRunner, streamer: processStreamer, env: io.env },
    findRepo2docker: async () => (await adapters()).findRepo2docker(),
    [Symbol.asyncDispose]: async () => {
      await extentCache.close();
      await (await opened)?.[Symbol.asyncDispose]();
    },
  };
}
