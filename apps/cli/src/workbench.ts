import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { AppError, parseSize, processRunner, Secret } from "@repo2singularity/base";
import type { Config, Recipe } from "@repo2singularity/contracts";
import { type Checkout, fetchCheckout, parseSpec, resolveSource, type SourceContext } from "@repo2singularity/source";
import { defaultCacheDirectory, openStore, type Store } from "@repo2singularity/store";
import { loadConfig } from "./config/load-config.ts";
import type { HostIo } from "./host-io.ts";
import type { PlanFlags } from "./options.ts";

/** What most commands work with; disposing of it ends its use of the cache. */
export interface Workbench extends AsyncDisposable {
  readonly config: Config;
  readonly homeDir: string;
  readonly store: Store;
}

/** Reads the configuration and opens the cache. Flags win over the configuration. */
export async function openWorkbench(flags: Pick<PlanFlags, "cacheDir">, io: HostIo): Promise<Workbench> {
  const { config } = await loadConfig(io);
  const homeDir = io.env["HOME"] ?? homedir();
  const folder = flags.cacheDir ?? config.cacheDir;
  const directory = folder === undefined ? defaultCacheDirectory(io.env, homeDir) : path.resolve(io.cwd, folder);
  const store = await openStore({ directory });
  return {
    config,
    homeDir,
    store,
    [Symbol.asyncDispose]: async () => {
      if (config.cacheMaxSize !== undefined) await store.collect({ maxBytes: parseSize(config.cacheMaxSize) });
      await store[Symbol.asyncDispose]();
    },
  };
}

/** What is told while a repository is fetched. */
export interface FetchReport {
  onLine(line: string): void;
  onNotice(notice: string): void;
  /** Bytes of all files that are downloaded, so far. */
  onBytes(doneBytes: number): void;
}

/** Fetches what the user named into a private folder of the cache, or takes a local folder as it is. */
export async function openCheckout(
  repo: string,
  flags: PlanFlags,
  bench: Workbench,
  io: HostIo,
  report?: FetchReport,
): Promise<Checkout> {
  const context: SourceContext = {
    runProcess: processRunner,
    env: io.env,
    scratchFolder: await bench.store.makeScratchFolder(),
    signal: io.signal,
    readNetwork: async () => (await import("./host-network.ts")).hostNetwork(bench.config.mirrors ?? {}, io),
    mirrors: bench.config.mirrors ?? {},
    ...(bench.config.sourceMaxSize === undefined ? {} : { maxBytes: parseSize(bench.config.sourceMaxSize) }),
    ...(bench.config.maxFiles === undefined ? {} : { maxFiles: bench.config.maxFiles }),
    ...(await readCredentials(flags, io)),
    ...(report && { onLine: report.onLine, onNotice: report.onNotice, onProgress: sumOfFiles(report.onBytes) }),
  };
  const request = {
    ...(flags.ref === undefined ? {} : { ref: flags.ref }),
    ...(flags.subdir === undefined ? {} : { subdir: flags.subdir }),
  };
  const source = await resolveSource(parseSpec(repo, { cwd: io.cwd }), request, context);
  return fetchCheckout(source, path.join(context.scratchFolder, "checkout"), context);
}

/** Files are downloaded side by side: their progress as one number. */
function sumOfFiles(onBytes: FetchReport["onBytes"]): NonNullable<SourceContext["onProgress"]> {
  const doneBytes = new Map<string, number>();
  return (progress) => {
    doneBytes.set(progress.file, progress.doneBytes);
    onBytes([...doneBytes.values()].reduce((sum, bytes) => sum + bytes, 0));
  };
}

/** A token for the git server, from a file or a variable: on the command line everybody could read it. */
async function readCredentials(flags: PlanFlags, io: HostIo): Promise<Partial<Pick<SourceContext, "credentials">>> {
  const file = flags.tokenFile === undefined ? undefined : path.resolve(io.cwd, flags.tokenFile);
  const text = file === undefined ? io.env["R2S_GIT_TOKEN"] : await readTokenFile(file);
  const token = text?.trim() ?? "";
  return token === "" ? {} : { credentials: { secret: new Secret(token) } };
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new AppError("E_USAGE", `${file}: the token cannot be read`, { cause: error });
  }
}

/** The platform of this machine. @throws E_USAGE on one that images cannot be built for */
export function hostPlatform(): Recipe["platform"] {
  const platforms: Readonly<Record<string, Recipe["platform"]>> = { x64: "linux/amd64", arm64: "linux/arm64" };
  const platform = platforms[process.arch];
  if (process.platform === "linux" && platform !== undefined) return platform;
  throw new AppError("E_USAGE", `images cannot be built on ${process.platform}/${process.arch}`, {
    hint: "use a Linux machine with an x86_64 or arm64 processor",
  });
}
