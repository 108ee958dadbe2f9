import { AppError } from "@repo2singularity/base";
import type { OciDescriptor, OciIndex } from "./documents.ts";

/** What an image is to run on, in Go's names. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Such as `v7`; the plainest is taken when left out. */
  readonly variant?: string;
}

/**
 * The platform of a machine by Node's name of its processor.
 * @param nodeArchitecture `process.arch`
 */
export function platformOf(nodeArchitecture: string): Platform {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return { os: "linux", architecture: names[nodeArchitecture] ?? nodeArchitecture };
}

/**
 * The entry of an index for a platform: of the same variant, else of the plainest one.
 * @throws E_REGISTRY_NOT_FOUND that lists the platforms there are
 */
export function selectManifest(index: OciIndex, platform: Platform, what: string): OciDescriptor {
  const fitting = index.manifests.filter(
    (entry) => entry.platform?.os === platform.os && entry.platform.architecture === platform.architecture,
  );
  const wanted = platform.variant ?? (platform.architecture === "arm64" ? "v8" : undefined);
  const exact = fitting.find((entry) => entry.platform?.variant === wanted);
  const plain = fitting.find((entry) => entry.platform?.variant === undefined);
  const found = exact ?? (platform.variant === undefined ? (plain ?? fitting[0]) : undefined);
  if (found !== undefined) return found;
  // a layout of one image often says nothing of its platform
  const only = index.manifests[0];
  if (only !== undefined && index.manifests.length === 1 && only.platform === undefined) return only;
  const there = index.manifests.map(({ platform: at }) => `${at?.os ?? "?"}/${at?.architecture ?? "?"}`).join(", ");
  throw new AppError(
    "E_REGISTRY_NOT_FOUND",
    `${what}: has no image for ${platform.os}/${platform.architecture}, only for ${there}`,
  );
}
