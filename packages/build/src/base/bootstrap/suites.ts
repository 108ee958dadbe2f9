import { AppError } from "@repo2singularity/base";
import type { ArchiveKind } from "../../host/apt-archives.ts";

/** One archive and suite of a release. */
export interface SuiteSource {
  readonly kind: ArchiveKind;
  readonly suite: string;
}

/** A release that can be bootstrapped: where its packages come from in public. */
export interface BootstrapRelease {
  readonly distribution: "debian" | "ubuntu";
  readonly suite: string;
  readonly components: readonly string[];
  readonly sources: readonly SuiteSource[];
}

/** Names of Ubuntu's releases that still get updates; every other name is Debian's. */
const ubuntuSuites = new Set(["focal", "jammy", "noble", "plucky", "questing", "resolute", "devel"]);

/** Debian's suites that have neither updates nor a security archive. */
const rollingSuites = new Set(["sid", "unstable"]);

/**
 * The release of a suite's name with its update and security archives.
 * @throws E_USAGE when the text cannot be a suite's name
 */
export function bootstrapRelease(suite: string): BootstrapRelease {
  if (!/^[a-z][a-z0-9]{1,30}$/.test(suite)) {
    throw new AppError("E_USAGE", `"debootstrap:${suite}": "${suite}" is no name of a Debian or Ubuntu release`, {
      hint: "write a release such as debootstrap:trixie",
    });
  }
  if (ubuntuSuites.has(suite)) {
    const sources = ["", "-updates", "-security"].map((end): SuiteSource => ({ kind: "ubuntu", suite: suite + end }));
    return { distribution: "ubuntu", suite, components: ["main", "universe"], sources };
  }
  const main: SuiteSource = { kind: "debian", suite };
  const sources: readonly SuiteSource[] = rollingSuites.has(suite)
    ? [main]
    : [main, { kind: "debian", suite: `${suite}-updates` }, { kind: "debianSecurity", suite: `${suite}-security` }];
  return { distribution: "debian", suite, components: ["main"], sources };
}

/**
 * The public address of an archive.
 * @param architecture Debian's name of it, such as `amd64`
 */
export function publicArchiveUri({ kind, suite }: SuiteSource, architecture: string): string {
  switch (kind) {
    case "debian":
      return "http://deb.debian.org/debian";
    case "debianSecurity":
      return "http://deb.debian.org/debian-security";
    case "ubuntu":
      if (architecture !== "amd64") return "http://ports.ubuntu.com/ubuntu-ports";
      return suite.endsWith("-security") ? "http://security.ubuntu.com/ubuntu" : "http://archive.ubuntu.com/ubuntu";
  }
}
