import { type AppError, isAppError, type ProcessRunner } from "@repo2singularity/base";
import type { AptAnswer } from "@repo2singularity/recipe/lint";

/** What this machine's apt can be asked through. */
export interface AptIndexContext {
  readonly runner: ProcessRunner;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `VERSION_CODENAME` of this machine's os-release; empty when it has none. */
  readonly codename: string;
  readonly signal?: AbortSignal;
}

/**
 * Asks this machine's apt which packages it does not know. Nothing is fetched: its lists answer when the machine is of
 * the base's own release and has some.
 * @param names as `apt-get install` takes them: versions, architectures and suites are left out of account
 * @param codename of the base's release
 */
export async function askAptIndex(
  names: readonly string[],
  codename: string,
  context: AptIndexContext,
): Promise<AptAnswer> {
  if (context.codename !== codename) {
    const own = context.codename === "" ? "this machine has no apt" : `this machine is ${context.codename}`;
    return { kind: "unchecked", reason: `the base is ${codename}, and ${own}` };
  }
  const bare = [...new Set(names.map((name) => name.replace(/[:=/].*$/, "")))];
  const known = await knownPackages(["apt", ...bare], codename, context);
  if (typeof known === "string") return { kind: "unchecked", reason: known };
  // apt itself is in every archive; where it is missing there are no lists
  if (!known.has("apt"))
    return { kind: "unchecked", reason: "this machine has no lists of packages: run apt-get update" };
  return { kind: "checked", unknown: bare.filter((name) => !known.has(name)), origin: codename };
}

/** The names that some archive has or some package provides, else why nobody can tell. */
async function knownPackages(
  names: readonly string[],
  codename: string,
  { runner, env, signal }: AptIndexContext,
): Promise<ReadonlySet<string> | string> {
  try {
    const { stdout } = await runner("apt-cache", ["showpkg", ...names], {
      env: { PATH: env["PATH"], LC_ALL: "C" },
      timeoutMs: 60_000,
      ...(signal === undefined ? {} : { signal }),
    });
    return namesOfShowpkg(stdout, codename);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return `apt-cache gave no answer (${shortReason(error)})`;
  }
}

/**
 * Reads `apt-cache showpkg`: a package counts when a list of the release has it, or when another provides it. A machine
 * may have lists of further releases.
 * Source: apt-cache(8); installed packages of no archive name `/var/lib/dpkg/status` alone
 */
export function namesOfShowpkg(text: string, codename: string): ReadonlySet<string> {
  const known = new Set<string>();
  for (const stanza of text.split(/^Package: /m).slice(1)) {
    const name = stanza.split("\n")[0]?.trim() ?? "";
    const versions = /^Versions:\s*\n(?<lines>(?:.*\n)*?)\s*Reverse Depends:/m.exec(stanza)?.groups?.["lines"] ?? "";
    const providers = /^Reverse Provides:[ \t]*\n(?<lines>[\s\S]*)$/m.exec(stanza)?.groups?.["lines"] ?? "";
    const isOfRelease = new RegExp(String.raw`/lists/\S+_dists_${codename}(?:-[a-z-]+)?_`).test(
      versions.replaceAll(/^ .*$/gm, ""),
    );
    if (isOfRelease || providers.trim() !== "") known.add(name);
  }
  return known;
}

function shortReason(error: AppError): string {
  return error.message.split("\n")[0] ?? error.code;
}
