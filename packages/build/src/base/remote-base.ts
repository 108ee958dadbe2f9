import { rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAppError, type Digest } from "@repo2singularity/base";
import {
  downloadImage,
  openRegistryTransport,
  parseRemoteReference,
  resolveRemoteImage,
  type RemoteImage,
  type SifReference,
} from "@repo2singularity/registry";
import type { BaseDependencies } from "./base-dependencies.ts";
import { ensureBaseLayer, findBaseLayer } from "./base-layer.ts";
import { imageFileBase, imageFileKind } from "./image-file-base.ts";
import { findByReference, findKeptBase, keepReference } from "./kept-base.ts";
import { isKnownSigned, keepSigners, requireSigners } from "./required-signers.ts";
import type { ResolvedBase } from "./resolved-base.ts";

/**
 * A SIF of a library, a registry (`oras:`), a hub of old (`shub:`) or a web server as a base. A reference keeps the
 * meaning it had when it was first asked for, until it is refreshed; when no server answers then, the layer that it
 * gave last is used, and said so.
 * @throws what `resolveRemoteImage`, `downloadImage` and `requireSigners` throw; E_IMAGE_FORMAT when what was fetched is no SIF
 */
export async function remoteBase(reference: string, deps: BaseDependencies): Promise<ResolvedBase> {
  const parsed = parseSifReference(reference, deps.cwd);
  const kept = await findSigned(await findKeptBase(reference, deps), deps);
  if (kept !== undefined) return kept;
  const { settings, credentials, libraryLogins, signal } = deps;
  await using transport = await openRegistryTransport({ proxies: settings.proxies, caBundle: settings.caBundle });
  const architecture = deps.platform === "linux/amd64" ? "amd64" : "arm64";
  const access = {
    transport,
    ...(credentials !== undefined && { credentials }),
    ...(libraryLogins !== undefined && { logins: libraryLogins }),
    signal,
  };
  let remote: RemoteImage;
  try {
    remote = await resolveRemoteImage(parsed, { os: "linux", architecture }, access);
  } catch (error) {
    const last = isAppError(error, "E_REGISTRY_NETWORK") ? await findByReference(reference, deps) : undefined;
    const known = await findSigned(last, deps);
    if (known === undefined) throw error;
    const day = new Date(known.madeAtMs).toISOString().slice(0, 10);
    return { ...known, notices: [`no server answered: ${reference} is used as it was on ${day}`] };
  }
  const base = (await findDownloaded(remote.digest, deps)) ?? (await fetchBase(reference, remote, deps));
  await keepReference(reference, base.contentKey, base.resolved, deps);
  return base.resolved;
}

interface KeyedBase {
  readonly contentKey: string;
  readonly resolved: ResolvedBase;
}

/** As `imageFileBase` names files by content: the same file as a path and from a server is one layer. */
function contentKeyOf(digest: Digest): string {
  return `image with config ${digest}`;
}

/** A layer whose SIF is known to be signed as is asked for: the SIF itself is not kept. */
async function findSigned(base: ResolvedBase | undefined, deps: BaseDependencies): Promise<ResolvedBase | undefined> {
  return base !== undefined && (await isKnownSigned(base, deps)) ? base : undefined;
}

async function findDownloaded(digest: Digest | undefined, deps: BaseDependencies): Promise<KeyedBase | undefined> {
  if (digest === undefined || deps.refresh === true) return undefined;
  const contentKey = contentKeyOf(digest);
  const resolved = await findBaseLayer(contentKey, deps);
  const signed = await findSigned(resolved, deps);
  return signed === undefined ? undefined : { contentKey, resolved: signed };
}

async function fetchBase(reference: string, remote: RemoteImage, deps: BaseDependencies): Promise<KeyedBase> {
  const file = join(await deps.store.makeScratchFolder(), "base.sif");
  try {
    deps.onLine?.(`fetching ${remote.reference}`);
    await downloadImage(remote, file, {
      check: async (path) => {
        await requireSif(path, reference);
        await requireSigners(path, reference, deps);
      },
      signal: deps.signal,
      now: deps.now,
    });
    const origin = await imageFileBase(file, "sif", deps);
    const resolved = await ensureBaseLayer({ ...origin, reference }, deps);
    await keepSigners(resolved, deps);
    return { contentKey: origin.contentKey, resolved };
  } finally {
    await rm(file, { force: true });
  }
}

async function requireSif(path: string, reference: string): Promise<void> {
  if ((await imageFileKind(path)) === "sif") return;
  throw new AppError("E_IMAGE_FORMAT", `${reference}: what was fetched is no SIF`, {
    hint: "look at the address in a browser: servers often answer with a page instead",
  });
}

function parseSifReference(reference: string, cwd: string): SifReference {
  const parsed = parseRemoteReference(reference, { cwd });
  switch (parsed.kind) {
    case "library":
    case "oras":
    case "shub":
    case "web":
      return parsed;
    default:
      throw new AppError("E_INTERNAL", `${reference}: is no image of a server`);
  }
}
