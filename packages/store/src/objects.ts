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
