import { basename, join } from "node:path";
import { removeTree } from "@repo2singularity/store";
import type { TreeEntry } from "@repo2singularity/image";
import {
  environmentOf,
  openImageSource,
  parseReference,
  type CredentialSource,
  type ImageReference,
  type ImageSourceOptions,
  type OciImage,
  type OpenImageSource,
} from "@repo2singularity/registry";
import { isAppError } from "@repo2singularity/base";
import type { RetryPolicy } from "@repo2singularity/base/http";
import type { BaseDependencies } from "../base-dependencies.ts";
import { ensureBaseLayer } from "../base-layer.ts";
import { findByReference, findKeptBase, keepReference } from "../kept-base.ts";
import type { ResolvedBase } from "../resolved-base.ts";
import { imageConfigOf } from "./image-config.ts";
import { mergeLayers } from "./merge-layers.ts";

/** How hard a registry is asked. */
export interface AskOptions {
  readonly retryPolicy?: RetryPolicy;
  readonly connectTimeoutMs?: number;
}

/**
 * An OCI image as a base. A reference to a registry keeps the meaning it had when it was first asked for, until it is
 * refreshed, so that builds need no network once they have their base. Then its manifest decides the key, so a tag that
 * moved gives a new base; when no registry answers, the layer that it gave last is used, and said so.
 * @throws E_REFERENCE_INVALID, E_REGISTRY_NETWORK, E_REGISTRY_AUTH, E_REGISTRY_NOT_FOUND, E_OCI_INVALID and more
 */
export async function ociBase(reference: string, deps: BaseDependencies, ask: AskOptions = {}): Promise<ResolvedBase> {
  const parsed = parseReference(reference, { cwd: deps.cwd });
  const kept = await findKeptBase(reference, deps);
  if (kept !== undefined) return kept;
  let source: OpenImageSource;
  try {
    source = await openImageSource(parsed, sourceOptions(deps, ask));
  } catch (error) {
    const known = isAppError(error, "E_REGISTRY_NETWORK") ? await findByReference(reference, deps) : undefined;
    if (known === undefined) throw error;
    const day = new Date(known.madeAtMs).toISOString().slice(0, 10);
    return { ...known, notices: [`no registry answered: ${reference} is used as it was on ${day}`] };
  }
  await using opened = source;
  const contentKey = `oci with config ${opened.image.digest}`;
  const base = await ensureBaseLayer(
    {
      reference: portableReference(reference, parsed),
      contentKey,
      environment: environmentOf(opened.image.config),
      config: imageConfigOf(opened.image.config),
      entries: () => imageEntries(opened.image, deps),
    },
    deps,
  );
  await keepReference(reference, contentKey, base, deps);
  return base;
}

/** The reference with an archive's file name in place of its path, which means nothing on another machine. */
function portableReference(reference: string, parsed: ImageReference): string {
  if (parsed.kind === "docker") return reference;
  return `${parsed.kind}:${basename(parsed.path)}${parsed.name === undefined ? "" : `:${parsed.name}`}`;
}

function sourceOptions(deps: BaseDependencies, ask: AskOptions): ImageSourceOptions {
  const { settings, signal } = deps;
  const credentials: CredentialSource | undefined = deps.credentials;
  const { connectTimeoutMs, retryPolicy } = ask;
  return {
    platform: { os: "linux", architecture: deps.platform === "linux/amd64" ? "amd64" : "arm64" },
    network: {
      proxies: settings.proxies,
      caBundle: settings.caBundle,
      ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    },
    ...(settings.mirrors.dockerHub === undefined ? {} : { dockerHubMirror: settings.mirrors.dockerHub }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    ...(signal === undefined ? {} : { signal }),
  };
}

async function* imageEntries(image: OciImage, deps: BaseDependencies): AsyncGenerator<TreeEntry, void, undefined> {
  const scratchDir = join(await deps.store.makeScratchFolder(), "hidden");
  try {
    yield* mergeLayers(image.layers, scratchDir, deps.signal);
  } finally {
    await removeTree(scratchDir);
  }
}
