import type { Generated } from "kysely";

/**
 * What the registry knows, apart from the bytes of blobs. Times are milliseconds since 1970, truth values 0 or 1,
 * lists and maps JSON texts. Names of repositories are lower case.
 */
export interface RegistrySchema {
  setting: SettingTable;
  account: AccountTable;
  token: TokenTable;
  collection: CollectionTable;
  member: MemberTable;
  repository: RepositoryTable;
  blob: BlobTable;
  repository_blob: RepositoryBlobTable;
  composed_blob: ComposedBlobTable;
  manifest: ManifestTable;
  manifest_blob: ManifestBlobTable;
  manifest_child: ManifestChildTable;
  tag: TagTable;
  image: ImageTable;
  upload: UploadTable;
  image_upload: ImageUploadTable;
  public_key: PublicKeyTable;
  repository_text: RepositoryTextTable;
}

interface SettingTable {
  name: string;
  value: string;
}

interface AccountTable {
  id: Generated<number>;
  name: string;
  is_admin: 0 | 1;
  created_ms: number;
}

interface TokenTable {
  /** Shown to people, to revoke it by. */
  id: string;
  /** sha256 of the token in 64 digits: the token itself is not kept. */
  hash: string;
  account_id: number;
  kind: "personal" | "robot";
  label: string;
  /** JSON list of scope texts. */
  scopes: string;
  created_ms: number;
  expires_ms: number | null;
  /** To the hour. */
  used_ms: number | null;
}

interface CollectionTable {
  /** Path whose repositories it holds; `""` is the whole registry. */
  path: string;
  is_private: 0 | 1;
  description: string;
  readme: string;
  quota_bytes: number | null;
  /** JSON of the retention rules. */
  retention: string | null;
}

interface MemberTable {
  collection: string;
  account_id: number;
  role: "reader" | "writer" | "owner";
}

interface RepositoryTable {
  id: Generated<number>;
  name: string;
  description: string;
  readme: string;
  created_ms: number;
  updated_ms: number;
  pull_count: Generated<number>;
}

interface BlobTable {
  digest: string;
  size_bytes: number;
  /** When somebody last sent or asked to keep it; young ones are not collected. */
  touched_ms: number;
  /** 0 while its bytes are still being given their name. */
  is_present: 0 | 1;
}

/** A blob whose bytes are made from others when they are read; manifests that name it keep those. */
interface ComposedBlobTable {
  digest: string;
  extents: string;
  /** JSON list of digests, bottom first. */
  layers: string;
}

/** Which repositories may hand out a blob. */
interface RepositoryBlobTable {
  repository_id: number;
  digest: string;
  added_ms: number;
}

interface ManifestTable {
  id: Generated<number>;
  repository_id: number;
  digest: string;
  media_type: string;
  artifact_type: string | null;
  /** Digest of the manifest that it says something about. */
  subject: string | null;
  /** JSON map. */
  annotations: string | null;
  content: Uint8Array;
  /** Of the content, in bytes. */
  size_bytes: number;
  /** Digest of the SIF when it is one in the form of `apptainer push oras://`. */
  image_digest: string | null;
  /** Whether it is one that the registry made from several architectures of a tag. */
  is_generated: 0 | 1;
  /** Whether it is cited, so that no rule removes it. */
  is_kept: Generated<0 | 1>;
  pushed_ms: number;
  pulled_ms: number | null;
  pull_count: Generated<number>;
}

interface ManifestBlobTable {
  manifest_id: number;
  digest: string;
}

interface ManifestChildTable {
  manifest_id: number;
  digest: string;
}

/**
 * What a tag means: the row without architecture is what OCI clients get (a manifest, or an index of several
 * architectures), the others are SIFs by architecture, for clients that ask for one.
 */
interface TagTable {
  repository_id: number;
  name: string;
  architecture: string;
  digest: string;
  updated_ms: number;
}

/** What was read in a SIF when it came in. */
interface ImageTable {
  digest: string;
  architecture: string;
  size_bytes: number;
  is_signed: 0 | 1;
  /** JSON list of fingerprints in 40 digits. */
  fingerprints: string;
  /** JSON map. */
  labels: string;
  /** JSON list of `name version` texts. */
  packages: string;
  definition: string;
}

/** An OCI upload that is under way. */
interface UploadTable {
  id: string;
  repository_id: number;
  /** The object store's own id of it. */
  object_id: string;
  account_id: number | null;
  touched_ms: number;
}

/** An image that a client of the library API was given an address to send to. */
interface ImageUploadTable {
  /** Secret part of the address. */
  id: string;
  repository_id: number;
  digest: string;
  size_bytes: number;
  /** Of a part, in bytes; null when it comes as a whole. */
  part_bytes: number | null;
  object_id: string | null;
  account_id: number | null;
  expires_ms: number;
  /** 1 when all bytes are there and have the digest. */
  is_whole: 0 | 1;
}

interface PublicKeyTable {
  /** 40 digits, upper case. */
  fingerprint: string;
  armored: string;
  algorithm: number;
  bits: number;
  created_seconds: number;
  expires_seconds: number | null;
  /** JSON list of `{ text, createdSeconds }`. */
  user_ids: string;
  added_ms: number;
}

/** Full-text index over what repositories say of themselves; `rowid` is the repository's. */
interface RepositoryTextTable {
  rowid: number;
  name: string;
  description: string;
  labels: string;
  packages: string;
  readme: string;
}
