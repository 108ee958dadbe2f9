import { AppError } from "@repo2singularity/base";
import { discardBody } from "@repo2singularity/base/http";
import type { WriteObjectOptions } from "../object-store.ts";
import { abortMultipart, completeMultipart, createMultipart, type Multipart, sendPart } from "./multipart.ts";
import { PartBuffer, partSizeBytes } from "./part-buffer.ts";
import { isSuccess, type S3Client } from "./s3-client.ts";

/** Parts on their way at once: enough to keep a fast line full. */
const concurrency = 3;

/**
 * Writes an object: in one request when it is no longer than a part, else in parts, some of them at once.
 * Memory: four parts. Every part is hashed, and the storage refuses one that changed on its way.
 * @returns its length in bytes
 * @throws E_OBJECT_SIZE when it has another length than was said
 */
export async function writeS3Object(
  client: S3Client,
  key: string,
  content: AsyncIterable<Uint8Array>,
  options: WriteObjectOptions,
): Promise<number> {
  const { signal, contentType } = options;
  const buffer = new PartBuffer();
  let sender: PartSender | undefined;
  let sizeBytes = 0;
  try {
    for await (const chunk of content) {
      signal?.throwIfAborted();
      buffer.add(chunk);
      sizeBytes += chunk.length;
      // `>`: the last part is never empty, and what fits into one part needs no parts
      while (buffer.sizeBytes > partSizeBytes(sender?.nextNumber ?? 1)) {
        sender ??= new PartSender(client, await createMultipart(client, key, contentType, signal), signal);
        await sender.send(buffer.take(partSizeBytes(sender.nextNumber)));
      }
    }
    checkSize(sizeBytes, options.sizeBytes);
    const rest = buffer.take(buffer.sizeBytes);
    if (sender === undefined) await putObject(client, key, rest, options);
    else await sender.finish(rest);
    return sizeBytes;
  } catch (error) {
    await sender?.giveUp();
    throw error;
  }
}

/** Writes an object in one request. */
export async function putObject(
  client: S3Client,
  key: string,
  body: Uint8Array,
  { contentType, signal }: Pick<WriteObjectOptions, "contentType" | "signal">,
): Promise<void> {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  const result = await client.ask({ method: "PUT", key, body, headers, signal });
  if (isSuccess(result)) discardBody(result.answer);
}

function checkSize(foundBytes: number, saidBytes: number | undefined): void {
  if (saidBytes === undefined || saidBytes === foundBytes) return;
  throw new AppError("E_OBJECT_SIZE", `content of ${saidBytes} bytes was announced, ${foundBytes} came`);
}

/** Sends parts, a few at once, and makes them an object. */
class PartSender {
  readonly #client: S3Client;
  readonly #upload: Multipart;
  readonly #signal: AbortSignal | undefined;
  readonly #etags: string[] = [];
  readonly #underWay = new Map<number, Promise<void>>();
  #count = 0;

  constructor(client: S3Client, upload: Multipart, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#upload = upload;
    this.#signal = signal;
  }

  get nextNumber(): number {
    return this.#count + 1;
  }

  /** Begins to send a part; waits while too many are under way. @throws what an earlier part failed with */
  async send(body: Uint8Array): Promise<void> {
    while (this.#underWay.size >= concurrency) await Promise.race(this.#underWay.values());
    this.#count += 1;
    const number = this.#count;
    const sent = this.#sendNumbered(number, body);
    this.#underWay.set(number, sent);
    sent.catch(() => {}); // a failed one stays under way, and is told by the next who waits
  }

  async #sendNumbered(number: number, body: Uint8Array): Promise<void> {
    this.#etags[number - 1] = await sendPart(this.#client, this.#upload, number, body, this.#signal);
    this.#underWay.delete(number);
  }

  async finish(rest: Uint8Array): Promise<void> {
    await this.send(rest);
    await Promise.all(this.#underWay.values());
    await completeMultipart(this.#client, this.#upload, this.#etags, this.#signal);
  }

  /** Nothing stays, unless the storage is out of reach: what is left then is a stale upload. */
  async giveUp(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
    await abortMultipart(this.#client, this.#upload).catch(() => {});
  }
}
