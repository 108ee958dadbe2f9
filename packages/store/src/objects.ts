export { openDiskObjectStore } from "./objects/disk/disk-object-store.ts";
export type {
  ByteRange,
  DirectUrlOptions,
  ObjectCallOptions,
  ObjectInfo,
  ObjectStore,
  ObjectUpload,
  ReadObjectOptions,
  WriteObjectOptions,
} from "./objects/object-store.ts";
export { openS3ObjectStore, type S3ObjectStoreOptions, type S3Place } from "./objects/s3/s3-object-store.ts";
export { parseS3Place } from "./objects/s3/s3-place.ts";
export { readS3Settings, type S3Credentials, type S3Settings } from "./objects/s3/s3-settings.ts";
export type { S3SettingsSources } from "./objects/s3/s3-settings.ts";
