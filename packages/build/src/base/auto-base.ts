import { AppError, isAppError } from "@repo2singularity/base";
import type { BaseDependencies } from "./base-dependencies.ts";
import { bootstrapBase } from "./bootstrap-base.ts";
import { ensureBaseLayer } from "./base-layer.ts";
import { ociBase } from "./oci/oci-base.ts";
import { defaultOciBase } from "./default-base.ts";
import { findKeptBase, keepChoice } from "./kept-base.ts";
import type { ResolvedBase } from "./resolved-base.ts";

/** A registry that has not answered by then is taken for one that does not answer at all. */
const quickAsk = { connectTimeoutMs: 4_000, retryPolicy: { attemptCount: 1, firstPauseMs: 1, totalMs: 8_000 } };

/** Failures that another way to a base can make good; a full disk or a damaged download is not among them. */
const unavailable: ReadonlySet<string> = new Set([
  "E_REGISTRY_NETWORK",
  "E_REGISTRY_AUTH",
  "E_REGISTRY_NOT_FOUND",
  "E_REGISTRY_PROTOCOL",
]);

/**
 * The base for a machine that said nothing about bases: an OCI image, else, on Debian and Ubuntu, the machine's own
 * release from its own apt sources, which is told in a notice and kept until a refresh.
 * @throws E_BASE_UNAVAILABLE with both reasons when neither can be had
 */
export async function autoBase(deps: BaseDependencies): Promise<ResolvedBase> {
  const reference = deps.autoReference ?? defaultOciBase;
  const kept = await findKeptBase("auto", deps);
  if (kept !== undefined) return kept;
  try {
    return await ociBase(reference, deps, quickAsk);
  } catch (error) {
    if (!isAppError(error) || !unavailable.has(error.code)) throw error;
    return ownReleaseBase(reference, error, deps);
  }
}

async function ownReleaseBase(reference: string, cause: AppError, deps: BaseDependencies): Promise<ResolvedBase> {
  const { id, codename, prettyName } = deps.settings.apt.release;
  if (!["debian", "ubuntu"].includes(id) || codename === "") {
    throw new AppError("E_BASE_UNAVAILABLE", `no base could be had: ${cause.message}`, {
      hint: "name one with --base: docker://IMAGE from a registry that can be reached, a .sif file or a root directory",
      cause,
    });
  }
  const origin = bootstrapBase({ suite: codename }, deps);
  const base = await ensureBaseLayer(origin, deps);
  await keepChoice(reference, origin.contentKey, base, deps);
  const why = `no registry gave ${reference} (${cause.message})`;
  return { ...base, notices: [...base.notices, `${why}: the base is this machine's own release, ${prettyName}`] };
}
