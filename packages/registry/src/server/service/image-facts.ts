import type { RegistrySchema } from "../state/schema.ts";
import { openBlob } from "./blobs.ts";
import type { RegistryContext } from "./context.ts";
import type { BlobDigest } from "./names.ts";
import { readSifFacts, type SifFacts } from "./sif-facts.ts";

/** What is read in a SIF when it comes in. */
export interface ImageFacts extends SifFacts {
  readonly digest: BlobDigest;
}

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
  return row && imageFactsOf(row);
}

/** What a row of the table says; only {@link ensureImageFacts} writes them. */
export function imageFactsOf(row: RegistrySchema["image"]): ImageFacts {
  return {
    digest: row.digest as BlobDigest,
    sizeBytes: row.size_bytes,
    architecture: row.architecture,
    isSigned: row.is_signed === 1,
    fingerprints: JSON.parse(row.fingerprints) as string[],
    labels: JSON.parse(row.labels) as Record<string, string>,
    packages: JSON.parse(row.packages) as string[],
    definition: row.definition,
  };
}

async function readFacts(
  context: RegistryContext,
  digest: BlobDigest,
  sizeBytes: number,
): Promise<ImageFacts | undefined> {
  const readRange = (offset: number, length: number): Promise<Buffer> =>
    readBytes(context, digest, offset, Math.min(length, sizeBytes - offset));
  const facts = await readSifFacts({ label: digest, sizeBytes, readRange });
  return facts && { digest, ...facts };
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
