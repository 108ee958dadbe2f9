import { isAppError } from "@repo2singularity/base";
import { ImageRecord } from "@repo2singularity/contracts";
import { readSifHead, type SifDescriptor, type SifHeadSource } from "@repo2singularity/image";
import * as z from "zod";

/** What a SIF says of itself. */
export interface SifFacts {
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
 * The facts of a SIF wherever it lies, from its header and small objects (some range reads).
 * @returns undefined when it is no SIF
 */
export async function readSifFacts(source: SifHeadSource): Promise<SifFacts | undefined> {
  try {
    const { header, descriptors } = await readSifHead(source);
    const small = descriptors.filter((one) => one.sizeBytes <= objectLimitBytes);
    const text = async (one: SifDescriptor | undefined): Promise<string> =>
      one === undefined ? "" : new TextDecoder().decode(await source.readRange(one.offset, one.sizeBytes));
    const named = (name: string): SifDescriptor | undefined => small.find((one) => one.name === name);
    const signatures = descriptors.filter((one) => one.type === "signature");
    const sbom = small.find((one) => one.sbomFormat === "spdx-json");
    const definition = small.find((one) => one.type === "definition" && one.sizeBytes <= definitionLimitBytes);
    return {
      sizeBytes: source.sizeBytes,
      architecture: header.architecture,
      isSigned: signatures.length > 0,
      fingerprints: signatures.flatMap((one) => one.signature?.fingerprintHex?.toUpperCase() ?? []),
      labels: parseLabels(await text(named("inspect-metadata.json"))),
      packages: parseRecord(await text(named(recordName))) ?? parseSbom(await text(sbom)),
      definition: await text(definition),
    };
  } catch (error) {
    const isNoSif = ["E_SIF_INVALID", "E_SIF_TRUNCATED", "E_LIMIT_EXCEEDED"] as const;
    if (isNoSif.some((code) => isAppError(error, code))) return undefined;
    throw error;
  }
}

/** What images say of themselves is anybody's text: what cannot be read is left out. */
function parseLabels(text: string): Record<string, string> {
  return tryParse(InspectMetadata, text)?.data.attributes.labels ?? {};
}

/** @returns `undefined` for images of others */
function parseRecord(text: string): string[] | undefined {
  return tryParse(ImageRecord, text)?.packages.map(({ name, version }) => `${name} ${version}`);
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
