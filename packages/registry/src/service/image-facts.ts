import { isAppError } from "@repo2singularity/base";
import { ImageRecord } from "@repo2singularity/contracts";
import { readSifHead, type SifDescriptor } from "@repo2singularity/image";
import * as z from "zod";
import { openBlob } from "./blobs.ts";
import type { RegistryContext } from "./context.ts";
import type { BlobDigest } from "./names.ts";

/** What is read in a SIF when it comes in. */
export interface ImageFacts {
  readonly digest: BlobDigest;
  readonly sizeBytes: number;
  /** As clients ask for it: `amd64`, `arm64`, …; `unknown` when the header does not say. */
  readonly architecture: string;
  readonly isSigned: boolean;
  /** Of the OpenPGP keys that signed it, 40 upper-case digits. Whether the signatures are good is for clients to say. */
  readonly fingerprints: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `name version` of every package that the image says it has. */
  readonly packages: readonly string[];
  /** Text of the definition file, at most 256 KiB. */
  readonly definition: string;
}

const objectLimitBytes = 16 * 2 ** 20;
const definitionLimitBytes = 256 * 2 ** 10;
/** Name of the object in which an image of this program says what it is. */
const recordName = "repo2singularity.json";

const InspectMetadata = z.object({
  data: z.object({ attributes: z.object({ labels: z.record(z.string(), z.string()).nullish() }) }),
});
const Sbom = z.object({
  packages: z.array(z.object({ name: z.string(), versionInfo: z.string().optional() })),
});

/**
 * The facts of a SIF, from the database or, the first time, from its header and small objects (some range reads).
 * @returns undefined when the blob is no SIF
 */
export async function ensureImageFacts(
  context: RegistryContext,
  digest: BlobDigest,
  sizeBytes: number,
): Promise<ImageFacts | undefined> {
  const known = await findImageFacts(context, digest);
  if (known !== undefined) return known;
  const facts = await readFacts(context, digest, sizeBytes);
  if (facts === undefined) return undefined;
  await context.state.db
    .insertInto("image")
    .values({
      digest,
      architecture: facts.architecture,
      size_bytes: sizeBytes,
      is_signed: facts.isSigned ? 1 : 0,
      fingerprints: JSON.stringify(facts.fingerprints),
      labels: JSON.stringify(facts.labels),
      packages: JSON.stringify(facts.packages),
      definition: facts.definition,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return facts;
}

/** The facts of a SIF that came in before; undefined when there is none of that digest. */
export async function findImageFacts({ state }: RegistryContext, digest: string): Promise<ImageFacts | undefined> {
  const row = await state.db.selectFrom("image").selectAll().where("digest", "=", digest).executeTakeFirst();
  return (
    row && {
      // only ensureImageFacts writes these rows
      digest: row.digest as BlobDigest,
      sizeBytes: row.size_bytes,
      architecture: row.architecture,
      isSigned: row.is_signed === 1,
      fingerprints: JSON.parse(row.fingerprints) as string[],
      labels: JSON.parse(row.labels) as Record<string, string>,
      packages: JSON.parse(row.packages) as string[],
      definition: row.definition,
    }
  );
}

async function readFacts(
  context: RegistryContext,
  digest: BlobDigest,
  sizeBytes: number,
): Promise<ImageFacts | undefined> {
  const readRange = (offset: number, length: number): Promise<Buffer> =>
    readBytes(context, digest, offset, Math.min(length, sizeBytes - offset));
  try {
    const { header, descriptors } = await readSifHead({ label: digest, sizeBytes, readRange });
    const small = descriptors.filter((one) => one.sizeBytes <= objectLimitBytes);
    const text = async (one: SifDescriptor | undefined): Promise<string> =>
      one === undefined ? "" : (await readRange(one.offset, one.sizeBytes)).toString("utf8");
    const named = (name: string): SifDescriptor | undefined => small.find((one) => one.name === name);
    const signatures = descriptors.filter((one) => one.type === "signature");
    const sbom = small.find((one) => one.sbomFormat === "spdx-json");
    const definition = small.find((one) => one.type === "definition" && one.sizeBytes <= definitionLimitBytes);
    return {
      digest,
      sizeBytes,
      architecture: header.architecture,
      isSigned: signatures.length > 0,
      fingerprints: signatures.flatMap((one) => one.signature?.fingerprintHex?.toUpperCase() ?? []),
      labels: parseLabels(await text(named("inspect-metadata.json"))),
      packages: [...parseRecord(await text(named(recordName))), ...parseSbom(await text(sbom))],
      definition: await text(definition),
    };
  } catch (error) {
    const isNoSif = ["E_SIF_INVALID", "E_SIF_TRUNCATED", "E_LIMIT_EXCEEDED"] as const;
    if (isNoSif.some((code) => isAppError(error, code))) return undefined;
    throw error;
  }
}

async function readBytes(
  context: RegistryContext,
  digest: BlobDigest,
  offset: number,
  length: number,
): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  const stream = await openBlob(context, digest, { start: offset, end: offset + length });
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array)); // a byte stream's chunks
  return Buffer.concat(chunks);
}

/** What images say of themselves is anybody's text: what cannot be read is left out. */
function parseLabels(text: string): Record<string, string> {
  return tryParse(InspectMetadata, text)?.data.attributes.labels ?? {};
}

function parseRecord(text: string): string[] {
  return (tryParse(ImageRecord, text)?.packages ?? []).map(({ name, version }) => `${name} ${version}`);
}

function parseSbom(text: string): string[] {
  const packages = tryParse(Sbom, text)?.packages ?? [];
  return packages.map(({ name, versionInfo }) => `${name} ${versionInfo ?? ""}`.trimEnd());
}

function tryParse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
