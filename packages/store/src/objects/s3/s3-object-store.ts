import { Readable } from "node:stream";
import { AppError } from "@repo2singularity/base";
import { discardBody, headerOf, type HttpAnswer, type NetworkOptions } from "@repo2singularity/base/http";
import { checkedObjectName } from "../object-name.ts";
import type {
  DirectUrlOptions,
  ObjectCallOptions,
  ObjectInfo,
  ObjectStore,
  ObjectUpload,
  ReadObjectOptions,
  WriteObjectOptions,
} from "../object-store.ts";
import { copyLimitBytes, copyObject } from "./copy-object.ts";
import { listKeys } from "./list-objects.ts";
import { removeKey } from "./remove-key.ts";
import { removeStaleS3Uploads } from "./remove-stale-uploads.ts";
import { isSuccess, openBody, openS3Client, type S3Client } from "./s3-client.ts";
import type { S3Settings } from "./s3-settings.ts";
import { resumeS3Upload, type S3Upload, startS3Upload } from "./s3-upload.ts";
import { writeS3Object } from "./write-object.ts";

/** Where objects lie in object storage. */
export interface S3Place {
  readonly bucket: string;
  /** Before every name: empty, or parts with `/` at the end. */
  readonly prefix: string;
}

/** How a bucket is opened. */
export interface S3ObjectStoreOptions extends S3Place {
  readonly settings: S3Settings;
  /** Proxies and authorities. */
  readonly network?: NetworkOptions;
  /** Longer objects are moved in parts of that length, in bytes; 5 GiB, the limit of Amazon, when left out. */
  readonly copyLimitBytes?: number;
  /** Objects that a list asks for at once, 1 to 1,000, the limit of Amazon, which it is when left out. */
  readonly pageSize?: number;
}

/**
 * Objects in a bucket of Amazon S3 or of anything that speaks like it. The bucket must be there.
 * Asks nothing before the first call.
 */
export async function openS3ObjectStore(options: S3ObjectStoreOptions): Promise<ObjectStore> {
  const client = await openS3Client(options.bucket, options.settings, options.network ?? {});
  return new S3ObjectStore(client, options);
}

class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #place: S3Place;
  readonly #copyLimitBytes: number;
  readonly #pageSize: number | undefined;

  constructor(client: S3Client, options: S3ObjectStoreOptions) {
    this.#client = client;
    this.#place = options;
    this.#copyLimitBytes = options.copyLimitBytes ?? copyLimitBytes;
    this.#pageSize = options.pageSize;
  }

  async stat(name: string, { signal }: ObjectCallOptions = {}): Promise<ObjectInfo | undefined> {
    const result = await this.#client.ask({ method: "HEAD", key: this.#keyOf(name), signal }, [404]);
    if (!isSuccess(result)) return undefined;
    discardBody(result.answer);
    return infoOf(name, result.answer);
  }

  async read(name: string, { range, signal }: ReadObjectOptions = {}): Promise<Readable | undefined> {
    const key = this.#keyOf(name);
    if (range !== undefined && range.start >= range.end) {
      return (await this.stat(name, { signal })) === undefined ? undefined : Readable.from([]);
    }
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` };
    const result = await this.#client.ask({ method: "GET", key, headers, signal }, ["NoSuchKey", 416]);
    if (!isSuccess(result)) return result.statusCode === 416 ? Readable.from([]) : undefined;
    const { answer } = result;
    if (range === undefined || answer.statusCode === 206) return openBody(answer);
    discardBody(answer);
    if (headerOf(answer, "content-length") === "0") return Readable.from([]); // an empty object has no ranges
    throw new AppError("E_STORAGE_PROTOCOL", `${answer.shownUrl}: a range was asked for, and the whole object came`);
  }

  async write(name: string, content: AsyncIterable<Uint8Array>, options: WriteObjectOptions = {}): Promise<ObjectInfo> {
    const sizeBytes = await writeS3Object(this.#client, this.#keyOf(name), content, options);
    return this.#written(name, sizeBytes, options);
  }

  async *list(prefix: string, { signal }: ObjectCallOptions = {}): AsyncGenerator<ObjectInfo> {
    const own = this.#place.prefix;
    for await (const { key, sizeBytes, modified } of listKeys(this.#client, own + prefix, signal, this.#pageSize)) {
      const name = key.slice(own.length);
      if (isObjectName(name)) yield { name, sizeBytes, modified };
    }
  }

  async remove(name: string, { signal }: ObjectCallOptions = {}): Promise<void> {
    await removeKey(this.#client, this.#keyOf(name), signal);
  }

  async move(from: string, to: string, { signal }: ObjectCallOptions = {}): Promise<void> {
    const [source, target] = [this.#keyOf(from), this.#keyOf(to)];
    const info = await this.stat(from, { signal });
    if (info === undefined) throw new AppError("E_OBJECT_NOT_FOUND", `there is no object ${from}`);
    const { bucket } = this.#place;
    const limitBytes = this.#copyLimitBytes;
    await copyObject(this.#client, { bucket, from: source, to: target, sizeBytes: info.sizeBytes, limitBytes, signal });
    await removeKey(this.#client, source, signal);
  }

  async startUpload(name: string, options: ObjectCallOptions = {}): Promise<ObjectUpload> {
    return this.#finishing(name, await startS3Upload(this.#client, this.#place.prefix, this.#keyOf(name), options));
  }

  async resumeUpload(name: string, id: string, options: ObjectCallOptions = {}): Promise<ObjectUpload | undefined> {
    const upload = await resumeS3Upload(this.#client, this.#place.prefix, this.#keyOf(name), id, options);
    return upload === undefined ? undefined : this.#finishing(name, upload);
  }

  async removeStaleUploads(untouchedSince: Date, { signal }: ObjectCallOptions = {}): Promise<number> {
    return removeStaleS3Uploads(this.#client, this.#place.prefix, untouchedSince, signal);
  }

  async directUrl(name: string, { method, expiresSeconds }: DirectUrlOptions): Promise<string> {
    return this.#client.presign(method, this.#keyOf(name), expiresSeconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  #keyOf(name: string): string {
    return this.#place.prefix + checkedObjectName(name);
  }

  #finishing(name: string, upload: S3Upload): ObjectUpload {
    return {
      id: upload.id,
      get sizeBytes() {
        return upload.sizeBytes;
      },
      append: (content, options) => upload.append(content, options),
      abort: (options) => upload.abort(options),
      finish: async (options = {}) => {
        await upload.finish(options);
        return this.#written(name, upload.sizeBytes, options);
      },
    };
  }

  /** What was just written, as the storage knows it; nobody may have removed it again so soon. */
  async #written(name: string, sizeBytes: number, options: ObjectCallOptions): Promise<ObjectInfo> {
    const info = await this.stat(name, options);
    if (info?.sizeBytes === sizeBytes) return info;
    const found = info === undefined ? "nothing" : `${info.sizeBytes} bytes`;
    throw new AppError("E_STORAGE_PROTOCOL", `${name}: ${sizeBytes} bytes were written, and ${found} are there`);
  }
}

function isObjectName(name: string): boolean {
  try {
    return checkedObjectName(name) === name;
  } catch {
    return false; // of somebody else, such as the `folder/` of file managers
  }
}

function infoOf(name: string, answer: HttpAnswer): ObjectInfo {
  const modified = new Date(headerOf(answer, "last-modified") ?? 0);
  return { name, sizeBytes: Number(headerOf(answer, "content-length")), modified };
}
