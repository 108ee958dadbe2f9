import type { BaseFacts } from "@repo2singularity/contracts";
import { findRelease, releaseFacts } from "./distributions.ts";

/**
 * What a base is by its name alone, so that `plan` needs no download: `debootstrap:SUITE`, `debootstrap:SUITE@DAY` and the official
 * images `debian`, `ubuntu`, `buildpack-deps` and `python`.
 * @returns `undefined` for every other reference, and for a digest without a tag
 *
 * @example
 * knownBaseFacts("docker://python:3.12-slim")?.pythons // [{ version: "3.12", path: "/usr/local/bin/python3.12" }]
 */
export function knownBaseFacts(reference: string): BaseFacts | undefined {
  const suite = /^debootstrap:(?<suite>[a-z]+)(?:@\d{4}-\d{2}-\d{2})?$/.exec(reference)?.groups?.["suite"];
  if (suite !== undefined) {
    const release = findRelease(undefined, suite);
    return release === undefined ? undefined : releaseFacts(reference, release);
  }
  const image = parseOfficialImage(reference);
  if (image === undefined) return undefined;
  if (image.name === "debian" || image.name === "ubuntu") {
    const release = findRelease(image.name, image.tag);
    return release === undefined ? undefined : releaseFacts(reference, release);
  }
  if (image.name === "buildpack-deps") {
    const release = findRelease(undefined, image.tag === "latest" ? "trixie" : image.tag);
    return release === undefined
      ? undefined
      : { ...releaseFacts(reference, release), hasPackages: buildpackPackages(image.tag) };
  }
  return image.name === "python" ? pythonImageFacts(reference, image.tag) : undefined;
}

function parseOfficialImage(reference: string): { readonly name: string; readonly tag: string } | undefined {
  const groups =
    /^docker:\/\/(?:(?:index\.)?docker\.io\/)?(?:library\/)?(?<name>[a-z0-9-]+)(?::(?<tag>[A-Za-z0-9._-]+))?(?:@sha256:[0-9a-f]{64})?$/.exec(
      reference,
    )?.groups;
  const name = groups?.["name"];
  const tag = groups?.["tag"];
  if (name === undefined || (tag === undefined && reference.includes("@"))) return undefined;
  return { name, tag: tag ?? "latest" };
}

/** What of our system packages the image brings; its compilers only matter to repositories that need them. */
function buildpackPackages(tag: string): string[] {
  const curl = ["ca-certificates", "curl"];
  if (tag.endsWith("-curl")) return curl;
  const scm = [...curl, "git", "tzdata"];
  return tag.endsWith("-scm") ? scm : [...scm, "build-essential", "unzip"];
}

/** `3.12`, `3.12.4`, `3.12-slim`, `3.12-slim-bookworm`, `3.12-bookworm`; alpine's have no apt and no glibc. */
function pythonImageFacts(reference: string, tag: string): BaseFacts | undefined {
  const groups = /^(?<version>3\.\d+(?:\.\d+)?)(?<slim>-slim)?(?:-(?<codename>[a-z]+))?$/.exec(tag)?.groups;
  const version = groups?.["version"];
  const release = findRelease("debian", groups?.["codename"] ?? "trixie");
  if (version === undefined || release === undefined) return undefined;
  const minor = version.split(".").slice(0, 2).join(".");
  return {
    ...releaseFacts(reference, release),
    pythons: [{ version, path: `/usr/local/bin/python${minor}` }],
    hasPackages: groups?.["slim"] === undefined ? buildpackPackages("") : ["ca-certificates", "tzdata"],
  };
}
