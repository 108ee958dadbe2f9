import type { HostSettings } from "../../host/host-settings.ts";
import { softwareTimeSeconds } from "../../pipeline/group-key.ts";
import { type BootstrapRelease, publicArchiveUri, type SuiteSource } from "./suites.ts";

/** What is bootstrapped, and from where. */
export interface BootstrapPlan {
  readonly release: BootstrapRelease;
  /** Debian's name of the architecture, such as `amd64`. */
  readonly architecture: string;
  /** See `BootstrapTreeOptions.isOfThePast`. */
  readonly isOfThePast: boolean;
  /** Where a suite is fetched from instead of its public address; may hold credentials. */
  readonly mirrorOf: (source: SuiteSource) => string | undefined;
  readonly settings: Pick<HostSettings, "apt" | "proxies">;
  /** A bundle of certificates on this machine. */
  readonly caBundlePath: string;
  /** Folder of the new tree; must not exist or be empty. */
  readonly target: string;
}

/** Packages beside the essential ones and apt: without authorities no later step could use https. */
const includedPackages = ["ca-certificates"];

const deviceNames = "null zero full random urandom tty";

/**
 * mmdebstrap mounts a devpts of its own, which a namespace of one uid does not allow; packages of a minimal
 * system need no terminal, so these few devices are bound instead and taken away before the tree is done.
 */
const addDevices = `mkdir -p "$1/dev"; for name in ${deviceNames}; do : >"$1/dev/$name" && mount --bind "/dev/$name" "$1/dev/$name" || exit 1; done`;
const removeDevices = `for name in ${deviceNames}; do umount "$1/dev/$name" && rm "$1/dev/$name" || exit 1; done`;

/**
 * The arguments of mmdebstrap for a minimal system, to be run as uid 0 of a mount namespace under the ownership
 * filter. Everything of this machine that it writes into the tree is taken out by `cleanBootstrap`.
 */
export function mmdebstrapArguments(plan: BootstrapPlan): readonly string[] {
  const { release, target } = plan;
  const aptOptions = [
    'APT::Install-Recommends "0"',
    'APT::Sandbox::User "root"',
    `Acquire::https::CAInfo "${plan.caBundlePath}"`,
    ...(plan.isOfThePast ? ['Acquire::Check-Valid-Until "false"'] : []),
    ...proxyOptions(plan.settings),
    ...plan.settings.apt.options.map((option) => option.replace(/;$/, "")),
  ];
  return [
    "--mode=root",
    "--variant=minbase",
    "--format=directory",
    `--architectures=${plan.architecture}`,
    `--include=${includedPackages.join(",")}`,
    `--components=${release.components.join(",")}`,
    ...aptOptions.map((option) => `--aptopt=${option}`),
    "--dpkgopt=force-unsafe-io",
    "--skip=chroot/mount/dev",
    `--extract-hook=${addDevices}`,
    `--customize-hook=${removeDevices}`,
    release.suite,
    target,
    ...release.sources.map((source) => sourceLine(plan, source)),
  ];
}

/** Variables of mmdebstrap: dates in password files and logs come from SOURCE_DATE_EPOCH. */
export function mmdebstrapEnv(path: string, scratchDir: string): Record<string, string> {
  return {
    PATH: path,
    HOME: scratchDir,
    TMPDIR: scratchDir,
    LC_ALL: "C.UTF-8",
    SOURCE_DATE_EPOCH: String(softwareTimeSeconds),
  };
}

function sourceLine(plan: BootstrapPlan, source: SuiteSource): string {
  const uri = plan.mirrorOf(source) ?? publicArchiveUri(source, plan.architecture);
  return `deb ${uri} ${source.suite} ${plan.release.components.join(" ")}`;
}

function proxyOptions({ apt, proxies }: BootstrapPlan["settings"]): readonly string[] {
  const named = { http: proxies.http ?? proxies.all, https: proxies.https ?? proxies.all };
  return Object.entries(named).flatMap(([scheme, url]) => {
    const isNamed = apt.options.some((option) => option.toLowerCase().startsWith(`acquire::${scheme}::proxy "`));
    return url === undefined || isNamed ? [] : [`Acquire::${scheme}::Proxy "${url.replaceAll('"', "%22")}"`];
  });
}
