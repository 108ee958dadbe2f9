import { AppError } from "@repo2singularity/base";

/** The data types of SIF objects by the names this program uses. */
export const sifDataTypes = {
  definition: 0x4001,
  environment: 0x4002,
  labels: 0x4003,
  partition: 0x4004,
  signature: 0x4005,
  json: 0x4006,
  generic: 0x4007,
  "crypto-message": 0x4008,
  sbom: 0x4009,
  "oci-root-index": 0x400a,
  "oci-blob": 0x400b,
} as const;

/** What an object holds. */
export type SifDataType = keyof typeof sifDataTypes;

/** File systems of a partition by their number in the descriptor. */
export const sifFileSystems = {
  squashfs: 1,
  ext3: 2,
  "immutable-object": 3,
  raw: 4,
  "encrypted-squashfs": 5,
  gocryptfs: 6,
} as const;

/** The file system of a partition. */
export type SifFileSystem = keyof typeof sifFileSystems;

/** What a partition is for, by its number in the descriptor. `primary` is the root file system that runs. */
export const sifPartitionKinds = { system: 1, primary: 2, data: 3, overlay: 4 } as const;

/** What a partition is for. */
export type SifPartitionKind = keyof typeof sifPartitionKinds;

/** Architectures (Go's names) by their code in header and partition. */
export const sifArchitectures = {
  unknown: "00",
  "386": "01",
  amd64: "02",
  arm: "03",
  arm64: "04",
  ppc64: "05",
  ppc64le: "06",
  mips: "07",
  mipsle: "08",
  mips64: "09",
  mips64le: "10",
  s390x: "11",
  riscv64: "12",
} as const;

/** An architecture as Go and OCI name it. */
export type SifArchitecture = keyof typeof sifArchitectures;

/** The name of a code in one of the tables above, `undefined` when the table does not have it. */
export function nameOfCode<Name extends string, Code extends string | number>(
  table: Readonly<Record<Name, Code>>,
  code: Code,
): Name | undefined {
  // Object.entries forgets the key type of its argument
  const entries = Object.entries(table) as [Name, Code][];
  return entries.find(([, value]) => value === code)?.[0];
}

/**
 * The SIF architecture of a name as Go, OCI, Node or `uname -m` write it.
 * @throws E_SIF_INVALID when SIF has no code for it
 */
export function parseSifArchitecture(name: string): SifArchitecture {
  const aliases: Readonly<Record<string, SifArchitecture>> = {
    x64: "amd64",
    x86_64: "amd64",
    aarch64: "arm64",
    ia32: "386",
    i386: "386",
    i686: "386",
  };
  const found = aliases[name] ?? name;
  if (!(found in sifArchitectures) || found === "unknown") {
    throw new AppError("E_SIF_INVALID", `SIF has no code for the architecture "${name}"`);
  }
  return found as SifArchitecture; // is a key of sifArchitectures, checked above
}
