import * as z from "zod";
import type { BaseDependencies } from "./base-dependencies.ts";
import { findBaseLayer } from "./base-layer.ts";
import { parseBaseReference } from "./base-reference.ts";
import { defaultOciBase } from "./default-base.ts";
import type { ResolvedBase } from "./resolved-base.ts";

/** What finding a kept base needs: neither network nor settings of this machine. */
export type KeptBaseDependencies = Pick<
  BaseDependencies,
  "store" | "platform" | "format" | "cwd" | "refresh" | "autoReference"
>;

/** What a reference meant when a registry last answered. */
const referenceKind = "base-reference";
const ReferenceRecord = z.object({ contentKey: z.string() });

/** Which base stood in for a reference that no registry gave. */
const choiceKind = "auto-base";

/**
 * The base that a reference of a registry, or `auto`, gave before. It is kept until it is refreshed, so that builds
 * need no network once they have their base.
 * @returns `undefined` when there is none, when it is to be refreshed, and for bases that lie on this machine
 */
export async function findKeptBase(reference: string, deps: KeptBaseDependencies): Promise<ResolvedBase | undefined> {
  if (deps.refresh === true) return undefined;
  const parsed = parseBaseReference(reference, deps.cwd);
  if (parsed.kind === "remote") return findByReference(reference, deps);
  if (parsed.kind === "oci") return reference.startsWith("docker:") ? findByReference(reference, deps) : undefined;
  if (parsed.kind !== "auto") return undefined;
  const auto = deps.autoReference ?? defaultOciBase;
  const choice = await deps.store.readRecord(choiceKind, `${deps.platform} ${auto}`);
  const chosen = choice === undefined ? undefined : await findBaseLayer(String(choice.value), deps);
  return chosen ?? findKeptBase(auto, deps);
}

/** The base that a reference meant when it was last asked for, to be refreshed or not. */
export async function findByReference(
  reference: string,
  deps: KeptBaseDependencies,
): Promise<ResolvedBase | undefined> {
  const record = await deps.store.readRecord(referenceKind, `${deps.platform} ${reference}`);
  const value = ReferenceRecord.safeParse(record?.value);
  return value.success ? findBaseLayer(value.data.contentKey, deps) : undefined;
}

/** Keeps what a reference means. */
export function keepReference(
  reference: string,
  contentKey: string,
  base: ResolvedBase,
  deps: KeptBaseDependencies,
): Promise<void> {
  return deps.store.writeRecord(referenceKind, `${deps.platform} ${reference}`, { contentKey }, [base.digest]);
}

/** Keeps which base stood in for a reference of `auto` that no registry gave. */
export function keepChoice(
  reference: string,
  contentKey: string,
  base: ResolvedBase,
  deps: KeptBaseDependencies,
): Promise<void> {
  return deps.store.writeRecord(choiceKind, `${deps.platform} ${reference}`, contentKey, [base.digest]);
}
