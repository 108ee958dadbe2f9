import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAbortError, isAppError, redactText } from "@repo2singularity/base";
import { type ExecutorHost, hostEnvironment } from "../../executor/host.ts";
import { runInNamespaces } from "../../executor/namespace/namespaces.ts";
import type { HostSettings } from "../../host/host-settings.ts";
import { writePrograms } from "../../native/write-programs.ts";
import { mmdebstrapArguments, mmdebstrapEnv } from "./mmdebstrap-command.ts";
import type { BootstrapRelease, SuiteSource } from "./suites.ts";

/** What a tree is bootstrapped with. */
export interface BootstrapTreeOptions {
  readonly host: ExecutorHost;
  readonly settings: Pick<HostSettings, "apt" | "caBundle" | "proxies">;
  /** Path of mmdebstrap. */
  readonly mmdebstrap: string;
  readonly release: BootstrapRelease;
  readonly architecture: string;
  /** Whether the archives are of a day that is over, so that they say of themselves that they have expired. */
  readonly isOfThePast: boolean;
  readonly mirrorOf: (source: SuiteSource) => string | undefined;
  /** An empty folder on a local disk; the caller removes it. */
  readonly scratchDir: string;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A minimal system takes 25 s here; over a slow line it may take long, but not for ever. */
const timeLimitMs = 60 * 60_000;

/**
 * mmdebstrap as uid 0 of fresh namespaces: a /proc for its own processes, mounts that end with it, and the filter
 * that every build step runs under, also for the real root, so that any user's tree has the same bytes.
 */
const script = `
set -eu
umask 022
mount --make-rprivate / 2>/dev/null || :
mount -t proc proc /proc 2>/dev/null || :
exec bin/filtered "$@"
`;

/**
 * Bootstraps a minimal Debian or Ubuntu tree; works for root and for ordinary users alike.
 * @returns the tree's folder, inside `scratchDir`
 * @throws E_BASE_UNAVAILABLE with mmdebstrap's own reason
 */
export async function bootstrapTree(options: BootstrapTreeOptions): Promise<string> {
  const { host, scratchDir, signal } = options;
  const target = join(scratchDir, "root");
  const caBundlePath = join(scratchDir, "ca.crt");
  await writeFile(caBundlePath, options.settings.caBundle);
  await writePrograms(join(scratchDir, "bin"), host.processor, ["filtered", "lease"]);
  const path = hostEnvironment(host)["PATH"] ?? "";
  const lines: string[] = [];
  try {
    await runInNamespaces(host, {
      owner: host.uid === 0 ? "root" : "user",
      directory: scratchDir,
      script,
      args: ["/usr/bin/perl", options.mmdebstrap, ...mmdebstrapArguments({ ...options, target, caBundlePath })],
      ownNetwork: false,
      env: mmdebstrapEnv(path, scratchDir),
      process: {
        timeoutMs: timeLimitMs,
        onLine: (line) => {
          const shown = redactText(line);
          options.onLine?.(shown);
          lines.push(shown);
        },
        ...(signal === undefined ? {} : { signal }),
      },
    });
  } catch (error) {
    if (isAbortError(error) || !isAppError(error)) throw error;
    throw bootstrapFailure(options.release, lines, error);
  }
  return target;
}

/** apt's and mmdebstrap's own error lines say what is wrong; the last one only that something is. */
function bootstrapFailure(release: BootstrapRelease, lines: readonly string[], cause: AppError): AppError {
  const reasons = lines.filter((line) => /^(?:E|W|Err):? ?/.test(line) || /^\s+(?:404|Could not)/.test(line));
  const reason = [...new Set(reasons)].slice(0, 4).join("; ");
  return new AppError(
    "E_BASE_UNAVAILABLE",
    `debootstrap:${release.suite}: bootstrapping failed: ${reason === "" ? cause.message : reason}`,
    {
      hint: "check the release's name and the network; mirrors.debian in the configuration names another archive",
      data: { lines: lines.slice(-40) },
      retryable: true,
      cause,
    },
  );
}
