import type { BaseFacts } from "@repo2singularity/contracts";
import { shellQuote } from "@repo2singularity/base";
import { createRunStep, type RunStep } from "../scripts/run-step.ts";

/** Archives that the distributions themselves keep, by their names in the configuration. */
export type SnapshotArchive = "debian" | "debianSecurity" | "ubuntu";

/** Where the services are that have every archive as it was at any time, without a slash at the end. */
export interface SnapshotRoots {
  /** Answers for `http://snapshot.debian.org/archive`. */
  readonly debian: string;
  /** Answers for `https://snapshot.ubuntu.com/ubuntu`. */
  readonly ubuntu: string;
}

/** Debian's without TLS, because an image without certificates must be able to read it too: apt checks signatures. */
export const publicSnapshots: SnapshotRoots = {
  debian: "http://snapshot.debian.org/archive",
  ubuntu: "https://snapshot.ubuntu.com/ubuntu",
};

/** The first day that Ubuntu's service has. Source: snapshot.ubuntu.com */
export const firstUbuntuDay = "2023-03-01";

/**
 * The root of an archive as it was at the end of a day.
 * Source: snapshot.debian.org and snapshot.ubuntu.com, "usage": the state at or before a time is given
 */
export function snapshotUri(archive: SnapshotArchive, day: string, roots: SnapshotRoots = publicSnapshots): string {
  const time = `${day.replaceAll("-", "")}T235959Z`;
  switch (archive) {
    case "debian":
      return `${roots.debian}/debian/${time}`;
    case "debianSecurity":
      return `${roots.debian}/debian-security/${time}`;
    case "ubuntu":
      return `${roots.ubuntu}/${time}`;
  }
}

/** How sources of a base name the archives: extended regular expressions of sed, of two groups each. */
const archiveAddresses: Readonly<Record<SnapshotArchive, string>> = {
  debianSecurity: String.raw`https?://(security\.debian\.org(/debian-security)?|deb\.debian\.org/debian-security)`,
  debian: String.raw`https?://(deb|httpredir|cdn-fastly\.deb|ftp(\.[a-z0-9]+)?)\.debian\.org/debian`,
  ubuntu: String.raw`https?://([a-z.-]+\.)?(archive|security)\.ubuntu\.com/ubuntu`,
};

const configuration = `// Archives of the past say that they have expired, and what the base has may be newer than they are.
Acquire::Check-Valid-Until "false";
APT::Get::allow-downgrades "true";
`;

/**
 * The step that makes apt take its packages from a day, for all steps after it and for whoever uses the image as a base.
 * Sources that are not the distribution's own stay as they are.
 * @returns `undefined` for a base that has no archive of the past
 */
export function pinAptStep(base: BaseFacts, day: string): RunStep | undefined {
  if (!hasSnapshots(base)) return undefined;
  const origin = base.distribution === "debian" ? "Debian" : "Ubuntu";
  const archives: readonly SnapshotArchive[] =
    base.distribution === "debian" ? ["debianSecurity", "debian"] : ["ubuntu"];
  const expressions = archives.map((archive) => {
    const ending = String.raw`/?([[:space:]]|$)`;
    return String.raw`s#${archiveAddresses[archive]}${ending}#${snapshotUri(archive, day)}\3#g`;
  });
  const script = `for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ ! -f "$file" ] || sed -i -E ${expressions.map((expression) => `-e ${shellQuote(expression)}`).join(" ")} "$file"
done
mkdir -p /etc/apt/apt.conf.d /etc/apt/preferences.d
cat >/etc/apt/apt.conf.d/90repo2singularity-date <<'R2S_END'
${configuration}R2S_END
printf 'Package: *\\nPin: release o=${origin}\\nPin-Priority: 1001\\n' >/etc/apt/preferences.d/repo2singularity-date
`;
  return createRunStep(`Take packages of the distribution from ${day}`, script);
}

/** Whether the packages of a base can be had as they were. */
export function hasSnapshots({ packageManager, distribution }: BaseFacts): boolean {
  return packageManager === "apt" && (distribution === "debian" || distribution === "ubuntu");
}
