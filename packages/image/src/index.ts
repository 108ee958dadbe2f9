export { bytesSource, fileSource, type ByteSource } from "./files/byte-source.ts";
export { replaceFile, writeFully } from "./files/replace-file.ts";
export { detectImageFormat, openImage, type ImageFormat } from "./open-image.ts";
export type { SifDescriptor, SifLink } from "./sif/descriptor.ts";
export type { SifPartition, SifSbomFormat, SifSignature } from "./sif/extra.ts";
export { parseSifHeader, type SifHeader } from "./sif/header.ts";
export { parseSifArchitecture } from "./sif/kinds.ts";
export type { SifArchitecture, SifDataType, SifFileSystem, SifPartitionKind } from "./sif/kinds.ts";
export { addSifObject, deleteSifObject, type DeleteSifOptions } from "./sif/modify.ts";
export {
  objectSourceOf,
  type SelfWritingContent,
  type SifContent,
  type SifObjectKind,
  type SifObjectSource,
} from "./sif/object-source.ts";
export { armorPgpKey, makePgpKey, parsePgpKeys, publicPgpKey, type NewPgpKey, type PgpKey } from "./pgp/pgp-key.ts";
export { openKeyring, selectPgpKey, type Keyring } from "./pgp/keyring.ts";
export { parsePrivateKey, parsePublicKey } from "./sif/sign/dsse.ts";
export { signSif, type AddedSignature, type SifSigner } from "./sif/sign/sign-sif.ts";
export {
  claimedFingerprints,
  verifySifSignatures,
  type VerificationKeys,
  type VerifiedSignature,
} from "./sif/sign/verify-signatures.ts";
export { composeSif } from "./sif/compose-sif.ts";
export { openSif, type SifFile } from "./sif/read.ts";
export { readSifHead, type SifHead, type SifHeadSource } from "./sif/read-head.ts";
export { uuidFromContent } from "./sif/uuid.ts";
export { writeSif, type WriteSifOptions, type WrittenSif } from "./sif/write.ts";
export type { DeviceNumber, EntryContent, EntryType, Hole, TreeEntry } from "./tree/entry.ts";
export { compareNames, decodeName, encodeName, hostPath } from "./tree/name-codec.ts";
export { baseName, normalizePath, parentPath } from "./tree/normalize-path.ts";
export { readHostFile, walkDirectory, type WalkDirectoryOptions, type XattrReader } from "./tree/walk-directory.ts";
export { readTar, isTarStart, type ReadTarOptions } from "./tar/read-tar.ts";
export type { TarLimits } from "./tar/limits.ts";
export { inspectMetadata, inspectMetadataName } from "./singularity-d/inspect-metadata.ts";
export { ociTexts, type OciRunFacts } from "./singularity-d/oci-texts.ts";
export { bindTargetTree, isSingularityPath, singularityTree } from "./singularity-d/tree.ts";
export type { SingularityTreeOptions } from "./singularity-d/tree.ts";
export type { ImageEnvironment } from "./singularity-d/environment-scripts.ts";
export { bytesAccess, openFileAccess, type FileWindow, type RandomAccess } from "./access/random-access.ts";
export {
  openSquashfs,
  openSquashfsFrom,
  SquashfsImage,
  type LookupOptions,
  type OpenOptions,
} from "./squashfs/squashfs-image.ts";
export type { SquashfsEntry } from "./squashfs/read/entry.ts";
export type { FileRange } from "./squashfs/read/file-content.ts";
export { defaultSquashfsLimits, type SquashfsLimits } from "./squashfs/read/limits.ts";
export { readSuperblock, type Superblock } from "./squashfs/read/superblock.ts";
export {
  createMemoryExtentCache,
  extentKeyText,
  type CachedExtents,
  type ExtentCache,
  type ExtentKey,
  type Extents,
  type RecordedExtents,
} from "./squashfs/extent-cache.ts";
export {
  packSquashfs,
  writeSquashfs,
  type PackedSquashfs,
  type WriteSquashfsOptions,
  type WrittenSquashfs,
} from "./squashfs/write-squashfs.ts";
export type { Compression } from "./squashfs/write/block-codec.ts";
export {
  extractTree,
  type ExtractReport,
  type ExtractTreeOptions,
  type FileXattrs,
  type SkippedEntry,
} from "./tree/extract-tree.ts";
export { createNodeMaker, type NodeMaker, type SpecialNode } from "./tree/extract/node-maker.ts";
export { decompressStream, detectCompression, type StreamCompression } from "./tar/decompress-stream.ts";
export { writeTar, type WriteTarOptions } from "./tar/write-tar.ts";
export { indexTar, type TarMember } from "./tar/index-tar.ts";
export { Composition, type CompositionPiece } from "./squashfs/compose/composition.ts";
export { composeUpon } from "./squashfs/compose/compose-upon.ts";
export { saveComposition, savedCompositionVersion, tryLoadComposition } from "./squashfs/compose/saved-composition.ts";
export { planComposition, type ComposeOptions } from "./squashfs/compose/plan-composition.ts";
export {
  writeComposition,
  type WriteCompositionOptions,
  type WrittenComposition,
} from "./squashfs/compose/write-composition.ts";
export { verifySquashfs, type VerifyOptions, type VerifyReport } from "./squashfs/verify-squashfs.ts";
export { parseCertificates, verifyCertificate, type CertificateTrust } from "./x509/verify-certificate.ts";
