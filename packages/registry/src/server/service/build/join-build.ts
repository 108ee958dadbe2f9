import type { Identity } from "../../policy/identity.ts";
import { findImage } from "../images.ts";
import type { RegistryContext } from "../context.ts";
import { findManifest } from "../manifests.ts";
import { findRepository } from "../open-repository.ts";
import type { BuildTicket } from "./running-builds.ts";

/** What is asked for. */
export interface WantedImage {
  /** As the client wrote it. */
  readonly name: string;
  readonly tag: string;
  /** Left out where clients cannot say. */
  readonly architecture?: string;
}

/**
 * Joins the build that a pull needs, if there is a builder and it needs one. Who may not pull starts no build.
 * @returns undefined when the registry can answer at once; to be disposed of otherwise
 * @throws unauthenticated, forbidden, name-invalid, and what the builder refuses
 */
export async function joinBuild(
  context: RegistryContext,
  identity: Identity,
  wanted: WantedImage,
): Promise<BuildTicket | undefined> {
  const { builder, builds } = context;
  if (builder === undefined) return undefined;
  const { name, tag, architecture } = wanted;
  const repository = await findRepository(context, identity, name.toLowerCase(), "pull");
  const found =
    repository &&
    (architecture === undefined
      ? await findManifest(context, repository, tag)
      : await findImage(context, repository, { tag, architecture }));
  const plan = await builder.plan({
    name,
    repository: name.toLowerCase(),
    tag,
    architecture,
    isThere: found !== undefined,
    identity,
  });
  return plan && builds.join(plan);
}
