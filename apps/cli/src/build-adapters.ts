import path from "node:path";
import { AppError, processRunner, processStreamer } from "@repo2singularity/base";
import {
  type AskedBase,
  type BaseDependencies,
  type BuildDependencies,
  type BuildRequest,
  canChain,
  createApptainerExecutor,
  createRootExecutor,
  createStepSetting,
  createUsernsExecutor,
  ensureTool,
  hasSuite,
  type HostReader,
  type HostSettings,
  limitedSettings,
  localFiles,
  networkPolicy,
  openHttpClient,
  type Phase,
  PhaseReporter,
  readHostSettings,
  type ResolvedBase,
  resolveBase,
  type StepExecutor,
  type StepSetting,
  writeStepSurroundings,
} from "@repo2singularity/build";
import { type DaemonDependencies, findRepo2docker } from "@repo2singularity/build/daemon";
import type { ExtentCache } from "@repo2singularity/image";
import { executorHost } from "./build-choices.ts";
import { findPgpKey } from "./find-pgp-key.ts";
import type { HostIo } from "./host-io.ts";
import type { BuildFlags } from "./options.ts";
import { libraryLogins, registryCredentials } from "./registry-access.ts";
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
  const limits = once(async () => {
    const wanted = flags.network ?? config.network ?? "filtered";
    const obstacle = wanted === "host" ? undefined : await filterObstacle(await selected(), settings);
    if (obstacle !== undefined) new PhaseReporter(request.events, Date.now).notice(obstacle);
    if (wanted === "host" || obstacle !== undefined) return { stepSettings: settings };
    const policy = networkPolicy(settings, [flags.base, config.base, ...flags.buildContext].flatMap(baseReference));
    return { stepSettings: limitedSettings(settings, policy.named), policy };
  });
  const makeSetting: BuildDependencies["makeSetting"] = async (
    base,
    { way = "own", day } = {},
  ): Promise<StepSetting> => {
    const tools = way === "own" ? [await ensureTool("uv", own)] : [];
    const { stepSettings, policy } = await limits();
    const surroundings = await writeStepSurroundings(stepSettings, {
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
      networkPolicy: policy,
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
    openClient: async () => client,
    findRepo2docker: () => findRepo2docker({ ...own, ...host, ensureUv: () => ensureTool("uv", own) }),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** Does some work when its result is first asked for. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

/** Why the network of steps cannot be limited on this machine, as a warning. @returns undefined where it can */
async function filterObstacle(executor: StepExecutor, { proxies }: HostSettings): Promise<string | undefined> {
  const consequence = "build steps use this machine's network as it is, its own services among it";
  if (!canChain(proxies)) return `the proxy of this machine does not speak HTTP: ${consequence}`;
  if (await executor.canLimitNetwork()) return undefined;
  return `executor ${executor.name} cannot give steps a network of their own here: ${consequence}`;
}

/** `--build-context` has the reference behind the name that it stands in for. */
function baseReference(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text.slice(text.indexOf("=") + 1).replace(/^docker-image:/, "docker:")];
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
