import { Buffer } from "node:buffer";
import { AppError, sha256Hex } from "@repo2singularity/base";
import { discardBody, headerOf } from "@repo2singularity/base/http";
import { listUploads } from "./list-objects.ts";
import type { ObjectCallOptions, ObjectUpload } from "../object-store.ts";
import { uploadsFolder } from "../object-name.ts";
import {
  abortMultipart,
  completeMultipart,
  createMultipart,
  listParts,
  type Multipart,
  sendPart,
} from "./multipart.ts";
import { PartBuffer, partSizeBytes } from "./part-buffer.ts";
import { removeKey } from "./remove-key.ts";
import { isSuccess, type S3Client } from "./s3-client.ts";
import { putObject } from "./write-object.ts";

/** An upload without the last step, which the store does. */
export type S3Upload = Omit<ObjectUpload, "finish"> & { finish(options?: ObjectCallOptions): Promise<void> };

/**
 * An upload is one in parts that the storage itself keeps: its id is the storage's, its state the list of its parts.
 * Parts have a least length, so what is shorter waits as an object of its own, the **rest**, named by the offset at
 * which it goes on: one of an offset that the parts have passed counts no more. A kill at any moment loses nothing
 * but what was on its way.
 */
interface UploadState {
  readonly multipart: Multipart;
  readonly etags: string[];
  /** Of all parts, in bytes. */
  partsBytes: number;
  /** Of the rest, in bytes. */
  restBytes: number;
}

/** The folder of the rests of all uploads. @param prefix of the store, empty or with `/` at its end */
export function restsPrefix(prefix: string): string {
  return `${prefix}${uploadsFolder}/`;
}

/** Begins an upload. */
export async function startS3Upload(
  client: S3Client,
  prefix: string,
  key: string,
  { signal }: ObjectCallOptions,
): Promise<S3Upload> {
  const multipart = await createMultipart(client, key, undefined, signal);
  return new PartsUpload(client, prefix, { multipart, etags: [], partsBytes: 0, restBytes: 0 });
}

/** Goes on with an upload. @returns undefined when there is none of that id and key */
export async function resumeS3Upload(
  client: S3Client,
  prefix: string,
  key: string,
  id: string,
  { signal }: ObjectCallOptions,
): Promise<S3Upload | undefined> {
  if (!/^[A-Za-z0-9_-]{4,1400}$/.test(id)) return undefined;
  const multipart = { key, uploadId: Buffer.from(id, "base64url").toString() };
  if (idOf(multipart) !== id || !/^[\x21-\x7e]+$/.test(multipart.uploadId)) return undefined;
  const parts = await listParts(client, multipart, signal);
  if (parts === undefined || !(await isUnderWay(client, multipart, signal))) return undefined;
  const partsBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const found = await client.ask({ method: "HEAD", key: restKey(prefix, multipart, partsBytes), signal }, [404]);
  if (isSuccess(found)) discardBody(found.answer);
  const restBytes = isSuccess(found) ? Number(headerOf(found.answer, "content-length")) : 0;
  return new PartsUpload(client, prefix, { multipart, etags: parts.map(({ etag }) => etag), partsBytes, restBytes });
}

/** Swift lists the parts of an upload for a while after its end. */
async function isUnderWay(
  client: S3Client,
  { key, uploadId }: Multipart,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for await (const upload of listUploads(client, key, signal)) {
    if (upload.key === key && upload.uploadId === uploadId) return true;
  }
  return false;
}

function idOf({ uploadId }: Multipart): string {
  return Buffer.from(uploadId).toString("base64url");
}

/** Where the rests of an upload lie. The storage's ids may be as long as keys, so their hash stands for them. */
export function restFolder(prefix: string, { key, uploadId }: Multipart): string {
  return `${restsPrefix(prefix)}${sha256Hex(`${key}\n${uploadId}`)}/`;
}

function restKey(prefix: string, multipart: Multipart, offset: number): string {
  return `${restFolder(prefix, multipart)}${offset}`;
}

class PartsUpload implements S3Upload {
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #state: UploadState;
  #isOver = false;

  constructor(client: S3Client, prefix: string, state: UploadState) {
    this.#client = client;
    this.#prefix = prefix;
    this.#state = state;
  }

  get id(): string {
    return idOf(this.#state.multipart);
  }

  get sizeBytes(): number {
    return this.#state.partsBytes + this.#state.restBytes;
  }

  async append(content: AsyncIterable<Uint8Array>, { signal }: ObjectCallOptions = {}): Promise<number> {
    this.#checkOpen();
    const buffer = new PartBuffer();
    const before = this.#state.partsBytes;
    buffer.add(await this.#readRest(signal));
    try {
      for await (const chunk of content) {
        signal?.throwIfAborted();
        buffer.add(chunk);
        await this.#sendParts(buffer, signal);
      }
    } finally {
      // without the signal: what came is kept, also when the caller gives up
      await this.#keepRest(buffer);
      if (this.#state.partsBytes > before) await removeKey(this.#client, this.#restKey(before), undefined);
    }
    return this.sizeBytes;
  }

  async finish({ signal }: ObjectCallOptions = {}): Promise<void> {
    this.#checkOpen();
    const { multipart, etags, partsBytes } = this.#state;
    const rest = await this.#readRest(signal);
    if (etags.length === 0) {
      await putObject(this.#client, multipart.key, rest, { signal });
      await this.abort(); // no parts were sent: the upload itself was not needed
      return;
    }
    const last = rest.length === 0 ? [] : [await sendPart(this.#client, multipart, etags.length + 1, rest, signal)];
    await completeMultipart(this.#client, multipart, [...etags, ...last], signal);
    this.#isOver = true;
    await removeKey(this.#client, this.#restKey(partsBytes), signal);
  }

  async abort(): Promise<void> {
    this.#isOver = true;
    await abortMultipart(this.#client, this.#state.multipart);
    await removeKey(this.#client, this.#restKey(this.#state.partsBytes), undefined);
  }

  async #sendParts(buffer: PartBuffer, signal: AbortSignal | undefined): Promise<void> {
    const { multipart, etags } = this.#state;
    for (;;) {
      const size = partSizeBytes(etags.length + 1);
      if (buffer.sizeBytes < size) return;
      // taken when it has arrived: what is not is part of the rest that is kept
      etags.push(await sendPart(this.#client, multipart, etags.length + 1, buffer.first(size), signal));
      buffer.take(size);
      this.#state.partsBytes += size;
      this.#state.restBytes = 0;
    }
  }

  async #readRest(signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { partsBytes, restBytes } = this.#state;
    if (restBytes === 0) return new Uint8Array();
    const result = await this.#client.ask({ method: "GET", key: this.#restKey(partsBytes), signal });
    if (!isSuccess(result)) throw new AppError("E_INTERNAL", "a failure that nobody expects came back");
    // a body without an encoding gives bytes
    const chunks = (await result.answer.body.toArray()) as Uint8Array[];
    return Buffer.concat(chunks);
  }

  async #keepRest(buffer: PartBuffer): Promise<void> {
    const rest = buffer.take(buffer.sizeBytes);
    if (rest.length > 0) await putObject(this.#client, this.#restKey(this.#state.partsBytes), rest, {});
    this.#state.restBytes = rest.length;
  }

  #restKey(offset: number): string {
    return restKey(this.#prefix, this.#state.multipart, offset);
  }

  #checkOpen(): void {
    if (!this.#isOver) return;
    throw new AppError("E_OBJECT_NOT_FOUND", `the upload of ${this.#state.multipart.key} is over`, {
      hint: "begin a new one",
    });
  }
}
