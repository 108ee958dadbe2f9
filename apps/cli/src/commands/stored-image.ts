import path from "node:path";
import type { RemoteReference } from "@repo2singularity/registry";
import { type ObjectStore, openDiskObjectStore } from "@repo2singularity/store/objects";
import type { HostIo } from "../host-io.ts";
import { openObjectStorage } from "../object-storage.ts";

/** A reference to an image that lies as a file in a folder or bucket. */
export type StoredReference = Extract<RemoteReference, { kind: "file" | "s3" }>;

/** An image's place in an object store; disposing of it closes connections. */
export interface StoredPlace extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly name: string;
  /** As a user would write it. */
  readonly shown: string;
}

/**
 * The object store of a reference, with the settings of the AWS CLI for `s3://`.
 * @param endpointUrl of another storage than Amazon's; what those settings say when left out
 */
export async function openStoredPlace(
  reference: StoredReference,
  endpointUrl: string | undefined,
  io: HostIo,
): Promise<StoredPlace> {
  if (reference.kind === "file") {
    const { path: file } = reference;
    return placeOf(openDiskObjectStore(path.dirname(file)), path.basename(file), `file://${file}`);
  }
  const { bucket, key } = reference;
  const store = await openObjectStorage({ bucket, prefix: "" }, endpointUrl, io);
  return placeOf(store, key, `s3://${bucket}/${key}`);
}

function placeOf(store: ObjectStore, name: string, shown: string): StoredPlace {
  return { store, name, shown, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}
