import path from "node:path";
import { AppError, processRunner, processStreamer } from "@repo2singularity/base";
import {
  type AskedBase,
  type BaseDependencies,
  type BuildDependencies,
  type BuildRequest,
  createApptainerExecutor,
  createRootExecutor,
  createStepSetting,
  createUsernsExecutor,
  ensureTool,
  hasSuite,
  type HostReader,
  localFiles,
  openGuardedClient,
  openHttpClient,
  type Phase,
  PhaseReporter,
  readHostSettings,
  type ResolvedBase,
  resolveBase,
  type StepExecutor,
  type StepSetting,
  unguardedClient,
  writeStepSurroundings,
} from "@repo2singularity/build";
import { type DaemonDependencies, findRepo2docker } from "@repo2singularity/build/daemon";
import type { ExtentCache } from "@repo2singularity/image";
import { executorHost } from "./build-choices.ts";
import { findPgpKey } from "./find-pgp-key.ts";
import type { HostIo } from "./host-io.ts";
import type { BuildFlags } from "./options.ts";
import { libraryLogins, registryCredentials } from "./registry-access.ts";
import { repositoryPolicy, stepNetwork } from "./step-network.ts";
import type { Workbench } from "./workbench.ts";

const defaultStepTimeoutSeconds = 2 * 3600;

/** The executors of this machine, in the order in which they are tried. */
export function makeExecutors(io: HostIo): readonly StepExecutor[] {
  const host = executorHost(io);
  return [createUsernsExecutor(host), createRootExecutor(host), createApptainerExecutor(host)];
}

/** What a build needs that the cache does not answer. */
export interface BuildAdapters
  extends
    Pick<DaemonDependencies, "selectExecutor" | "makeSetting" | "openClient" | "findRepo2docker">,
    AsyncDisposable {
  resolveBase(phase: Phase, asked: Required<AskedBase>): Promise<ResolvedBase>;
}

/** Reads the settings of this machine and chooses its adapters; disposing of them closes connections. */
export async function openBuildAdapters(
  bench: Workbench,
  flags: BuildFlags,
  request: Pick<BuildRequest, "platform" | "format"> & Pick<BuildDependencies, "events">,
  extentCache: ExtentCache,
  io: HostIo,
): Promise<BuildAdapters> {
  const { store, config } = bench;
  const host: HostReader = { env: io.env, homeDir: bench.homeDir, runner: processRunner, ...localFiles };
  const settings = await readHostSettings({ ...host, mirrors: config.mirrors ?? {}, signal: io.signal });
  const client = openHttpClient(settings);
  const baseDependencies: BaseDependencies = {
    store,
    host: executorHost(io),
    settings,
    client,
    platform: request.platform,
    format: request.format,
    extentCache,
    cwd: io.cwd,
    now: Date.now,
    refresh: flags.refresh === true,
    credentials: registryCredentials(io),
    libraryLogins: libraryLogins(io),
    docker: { runner: processRunner, streamer: processStreamer, env: io.env },
    signal: io.signal,
  };
  const own = { store, client, settings, host, platform: request.platform, signal: io.signal };
  const selected = once(() => selectExecutor(makeExecutors(io), flags.executor ?? config.executor, io.signal));
  const policy = repositoryPolicy(bench, flags, settings);
  const network = once(() =>
    stepNetwork(bench, flags, {
      settings,
      policy,
      executor: selected,
      onNotice: (text) => new PhaseReporter(request.events, Date.now).notice(text),
    }),
  );
  const guarded = once(async () =>
    policy === undefined
      ? unguardedClient(client)
      : openGuardedClient(path.join(await store.makeScratchFolder(), "network"), policy),
  );
  const makeSetting: BuildDependencies["makeSetting"] = async (
    base,
    { way = "own", day } = {},
  ): Promise<StepSetting> => {
    const tools = way === "own" ? [await ensureTool("uv", own)] : [];
    const limits = await network();
    const surroundings = await writeStepSurroundings(limits.settings, {
      directory: await store.makeScratchFolder(),
      aptSources: base.aptSources,
      aptDay: day,
      ...(way === "own" ? {} : { aptListsDir: path.join(store.directory, "downloads/apt-lists", digestHexOf(base)) }),
      hasSuite: (uri, suite) => hasSuite(client, uri, suite, io.signal),
    });
    const seconds = flags.stepTimeout ?? config.stepTimeoutSeconds ?? defaultStepTimeoutSeconds;
    return createStepSetting({
      store,
      surroundings,
      tools,
      stepTimeoutMs: seconds * 1000,
      cacheDomain: config.cacheDomain,
      networkPolicy: limits.policy,
    });
  };
  return {
    resolveBase: (phase, asked) => {
      const onLine = (line: string): void => phase.log(line);
      const findKey: BaseDependencies["findPgpKey"] = (fingerprint) => findPgpKey(fingerprint, {}, io, onLine);
      return resolveBase(asked.reference, { ...baseDependencies, ...asked, onLine, findPgpKey: findKey });
    },
    selectExecutor: selected,
    makeSetting,
    openClient: guarded,
    findRepo2docker: () => findRepo2docker({ ...own, ...host, ensureUv: () => ensureTool("uv", own) }),
    [Symbol.asyncDispose]: async () => {
      await guarded.made()?.then((one) => one[Symbol.asyncDispose]());
      await client[Symbol.asyncDispose]();
    },
  };
}

/** Does some work when its result is first asked for. */
function once<T>(work: () => Promise<T>): (() => Promise<T>) & { readonly made: () => Promise<T> | undefined } {
  let result: Promise<T> | undefined;
  return Object.assign(() => (result ??= work()), { made: () => result });
}

function digestHexOf({ digest }: ResolvedBase): string {
  return digest.slice("sha256:".length);
}

/** The executor of that name, or the first that works. @throws E_EXECUTOR_UNAVAILABLE with what was tried */
async function selectExecutor(
  executors: readonly StepExecutor[],
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<StepExecutor> {
  const tried: string[] = [];
  for (const executor of executors.filter((one) => wanted === undefined || one.name === wanted)) {
    const probe = await executor.probe(signal);
    if (probe.usable) return executor;
    tried.push(`${executor.name}: ${probe.reason} (${probe.hint})`);
  }
  throw new AppError("E_EXECUTOR_UNAVAILABLE", `no way to run build steps works here: ${tried.join("; ")}`, {
    hint: "run repo2singularity doctor",
  });
}
