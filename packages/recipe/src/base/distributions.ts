import type { BaseFacts } from "@repo2singularity/contracts";

/** A release of a distribution that has apt: what its archive can install. */
interface Release {
  readonly distribution: "debian" | "ubuntu";
  readonly codename: string;
  readonly number: string;
  /** `YYYY-MM-DD`. Source: wiki.debian.org/DebianReleases, wiki.ubuntu.com/Releases */
  readonly releasedOn: string;
  /** First the one that `python3` is. */
  readonly packagedPythons: readonly string[];
}

/** Releases whose archives were looked at; a newer one is known by its base's own files. */
const releases: readonly Release[] = [
  { distribution: "debian", codename: "bullseye", number: "11", releasedOn: "2021-08-14", packagedPythons: ["3.9"] },
  { distribution: "debian", codename: "bookworm", number: "12", releasedOn: "2023-06-10", packagedPythons: ["3.11"] },
  { distribution: "debian", codename: "trixie", number: "13", releasedOn: "2025-08-09", packagedPythons: ["3.13"] },
  {
    distribution: "ubuntu",
    codename: "focal",
    number: "20.04",
    releasedOn: "2020-04-23",
    packagedPythons: ["3.8", "3.9"],
  },
  {
    distribution: "ubuntu",
    codename: "jammy",
    number: "22.04",
    releasedOn: "2022-04-21",
    packagedPythons: ["3.10", "3.11"],
  },
  { distribution: "ubuntu", codename: "noble", number: "24.04", releasedOn: "2024-04-25", packagedPythons: ["3.12"] },
];

/** What releases without a name of their own mean in image tags. */
const tagAliases: Readonly<Record<string, string>> = {
  "debian:latest": "trixie",
  "debian:stable": "trixie",
  "debian:oldstable": "bookworm",
  "ubuntu:latest": "noble",
};

/** The release of a tag such as `trixie`, `trixie-slim`, `13.2`, `24.04`; `undefined` when it is unknown. */
export function findRelease(distribution: "debian" | "ubuntu" | undefined, tag: string): Release | undefined {
  const word = tag.replace(/-(slim|backports|curl|scm)$/, "").replace(/-\d{8}$/, "");
  const name = tagAliases[`${distribution ?? "debian"}:${word}`] ?? word;
  return releases.find(
    (release) =>
      (distribution === undefined || release.distribution === distribution) &&
      (release.codename === name ||
        release.number === name ||
        (distribution === "debian" && name.startsWith(`${release.number}.`))),
  );
}

/** The Debian that was stable at the end of a day, `YYYY-MM-DD`; `undefined` for a day before the first known one. */
export function stableRelease(day: string): Release | undefined {
  return releases.findLast(({ distribution, releasedOn }) => distribution === "debian" && releasedOn <= day);
}

/** The facts of a base that is nothing but a release. */
export function releaseFacts(reference: string, release: Release): BaseFacts {
  return {
    reference,
    distribution: release.distribution,
    codename: release.codename,
    packageManager: "apt",
    pythons: [],
    packagedPythons: [...release.packagedPythons],
  };
}
