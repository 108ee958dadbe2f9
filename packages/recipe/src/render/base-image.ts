import { AppError } from "@repo2singularity/base";
import { findRelease } from "../base/distributions.ts";

/** Agents that take what stands behind `AGENT:` or `AGENT://` in our references. */
const agents = ["docker", "docker-archive", "docker-daemon", "library", "oci", "oci-archive", "oras", "shub"] as const;

/** A base as the bootstrap agents of Apptainer name it. */
export interface Bootstrap {
  readonly agent: (typeof agents)[number] | "localimage";
  readonly from: string;
}

/**
 * Names a base for other builders. A suite that we would bootstrap is the distribution's own image there, which is
 * bootstrapped in the same way.
 */
export function bootstrapOf(reference: string): Bootstrap {
  const { scheme, rest = "" } = /^(?<scheme>[a-z-]+):(?:\/\/)?(?<rest>.+)$/.exec(reference)?.groups ?? {};
  if (scheme === "debootstrap") return { agent: "docker", from: debootstrapImage(rest) };
  const agent = agents.find((one) => one === scheme);
  return agent === undefined ? { agent: "localimage", from: reference } : { agent, from: rest };
}

/** Registries keep no release as it was on a day: the first steps of a pinned recipe bring it there. */
function debootstrapImage(rest: string): string {
  const suite = rest.replace(/@\d{4}-\d{2}-\d{2}$/, "");
  return `${findRelease(undefined, suite)?.distribution ?? "debian"}:${suite}`;
}

/**
 * The image that a Dockerfile starts from.
 * @throws E_USAGE for a base that only lies on this machine
 */
export function dockerImageOf(reference: string): string {
  const { agent, from } = bootstrapOf(reference);
  if (agent === "docker") return from;
  throw new AppError("E_USAGE", `a Dockerfile cannot start from ${reference}: it takes images of registries only`, {
    hint: "plan with a base from a registry, for example --base docker://debian:trixie, or with --format def",
  });
}
