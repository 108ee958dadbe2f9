import { statfs } from "node:fs/promises";
import { formatSize, isAppError, type ProcessRunner } from "@repo2singularity/base";
import type { Store } from "@repo2singularity/store";
import { askDocker } from "../daemon/docker.ts";
import type { StepExecutor } from "../executor/port.ts";

/** One thing that was looked at. */
export interface MachineCheck {
  readonly name: string;
  /** `missing`: nothing can be built without it; `optional`: something else does its work. */
  readonly state: "works" | "missing" | "optional";
  /** What was found, or why it does not work. */
  readonly detail: string;
  /** The command or change that mends it. */
  readonly hint?: string;
}

/** What the checks look through. */
export interface MachineView {
  readonly executors: readonly StepExecutor[];
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: ProcessRunner;
  readonly signal: AbortSignal;
}

/** A base and a Jupyter environment, unpacked and packed, with room to work. */
const wantedFreeBytes = 5 * 2 ** 30;

/** Looks at everything that building and running need; changes nothing. */
export async function checkMachine(view: MachineView): Promise<readonly MachineCheck[]> {
  const executors = await checkExecutors(view);
  return [
    ...executors,
    await checkProgram(view, "git", "missing", "git", "fetches repositories"),
    await checkProgram(view, "mmdebstrap", "optional", "mmdebstrap", "makes bases where no registry answers"),
    await checkProgram(view, "git-lfs", "optional", "git-lfs", "fetches large files of repositories that use it"),
    await checkRuntimes(view),
    await checkDocker(view),
    await checkCache(view.store),
  ];
}

async function checkExecutors({ executors, signal }: MachineView): Promise<readonly MachineCheck[]> {
  const probes = await Promise.all(
    executors.map(async (one) => {
      const probe = await one.probe(signal);
      return { name: one.name, probe, isLimited: probe.usable && (await one.canLimitNetwork()) };
    }),
  );
  const canRunSteps = probes.some(({ probe }) => probe.usable);
  return probes.map(({ name, probe, isLimited }): MachineCheck => {
    const network = isLimited ? "steps have a network of their own" : "steps share this machine's network";
    const label = `build steps by ${name}`;
    if (probe.usable) return { name: label, state: "works", detail: `${probe.detail}; ${network}` };
    return { name: label, state: canRunSteps ? "optional" : "missing", detail: probe.reason, hint: probe.hint };
  });
}

async function checkProgram(
  view: MachineView,
  program: string,
  otherwise: "missing" | "optional",
  debianPackage: string,
  purpose: string,
): Promise<MachineCheck> {
  const version = await versionOf(view, program);
  if (version !== undefined) return { name: program, state: "works", detail: version };
  const hint = `ask your administrator for it; on Debian: apt-get install ${debianPackage}`;
  return { name: program, state: otherwise, detail: `not there; it ${purpose}`, hint };
}

/** The first line of `PROGRAM --version`, or `undefined` when it is not there or does not work. */
async function versionOf({ runner, env, signal }: MachineView, program: string): Promise<string | undefined> {
  try {
    const { stdout } = await runner(program, ["--version"], { env, signal, timeoutMs: 10_000 });
    return stdout.split("\n")[0];
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

async function checkRuntimes(view: MachineView): Promise<MachineCheck> {
  for (const program of ["apptainer", "singularity"]) {
    const version = await versionOf(view, program);
    if (version !== undefined) return { name: "runtime", state: "works", detail: version };
  }
  return {
    name: "runtime",
    state: "optional",
    detail: "neither apptainer nor singularity: --run unpacks images and runs them in a user namespace",
    hint: "load your site's module, such as: module load apptainer",
  };
}

async function checkDocker(view: MachineView): Promise<MachineCheck> {
  const name = "--builder docker";
  try {
    const { serverVersion, hasBuildKit, hasBuildx } = await askDocker(view, view.signal);
    const builder = hasBuildKit ? "BuildKit" : "the classic builder";
    const plugin = hasBuildx ? "" : "; without the plugin buildx, which --builder repo2docker needs";
    return { name, state: "works", detail: `docker ${serverVersion}, ${builder}${plugin}` };
  } catch (error) {
    if (!isAppError(error, "E_DAEMON_UNAVAILABLE")) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { name, state: "optional", detail: error.message, ...hint };
  }
}

async function checkCache(store: Store): Promise<MachineCheck> {
  const { bavail, bsize } = await statfs(store.directory);
  const detail = `${store.directory}, ${formatSize(bavail * bsize)} free`;
  if (bavail * bsize >= wantedFreeBytes) return { name: "cache", state: "works", detail };
  return {
    name: "cache",
    state: "optional",
    detail: `${detail}: little for a build`,
    hint: "repo2singularity cache prune --max-size 1G, or --cache-dir on a larger disk",
  };
}
