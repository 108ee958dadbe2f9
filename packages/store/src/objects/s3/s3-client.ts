import { Readable } from "node:stream";
import { sha256Hex } from "@repo2singularity/base";
import {
  type HttpAnswer,
  networkFailure,
  type NetworkOptions,
  openTransport,
  readCapped,
  retry,
  type Transport,
} from "@repo2singularity/base/http";
import type { AwsV4Signer } from "aws4fetch";
import { failureOf, readS3Failure, s3Error, s3NetworkError, type S3Failure } from "./s3-errors.ts";
import type { S3Settings } from "./s3-settings.ts";

/** One request to a bucket. */
export interface S3Question {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Left out for requests to the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** A bucket's own client: addresses, signs, tries again, and tells failures. */
export interface S3Client extends AsyncDisposable {
  /**
   * Asks until an answer comes that is a success or one of `expects`.
   * @param expects codes or statuses of failures that the caller deals with, such as `NoSuchKey` or 404
   * @returns a success, whose body the caller reads or discards, or a failure that was expected
   * @throws E_STORAGE_AUTH, E_STORAGE_NETWORK, E_STORAGE_PROTOCOL, E_OBJECT_NOT_FOUND (a bucket)
   */
  ask(question: S3Question, expects?: ReadonlyArray<string | number>): Promise<S3Success | S3Failure>;
  /** A request whose every failure is thrown; its body as text. */
  askText(question: S3Question): Promise<string>;
  /** A signed address of an object. */
  presign(method: "GET" | "PUT", key: string, expiresSeconds: number): Promise<string>;
}

/** An answer of status 2xx. */
export interface S3Success {
  readonly answer: HttpAnswer;
}

/** Whether the storage did what was asked. */
export function isSuccess(result: S3Success | S3Failure): result is S3Success {
  return "answer" in result;
}

/** Opens a bucket's client; it holds connections until it is disposed. */
export async function openS3Client(bucket: string, settings: S3Settings, network: NetworkOptions): Promise<S3Client> {
  // the storage may think long about copies and the end of an upload
  const transport = await openTransport({ idleTimeoutMs: 120_000, ...network }, s3NetworkError);
  const { AwsV4Signer: Signer } = await import("aws4fetch");
  return new BucketClient(bucket, settings, transport, Signer);
}

class BucketClient implements S3Client {
  readonly #bucket: string;
  readonly #settings: S3Settings;
  readonly #transport: Transport;
  readonly #Signer: typeof AwsV4Signer;
  /** Keys derived for a day and region. */
  readonly #derivedKeys = new Map<string, ArrayBuffer>();

  constructor(bucket: string, settings: S3Settings, transport: Transport, Signer: typeof AwsV4Signer) {
    this.#bucket = bucket;
    this.#settings = settings;
    this.#transport = transport;
    this.#Signer = Signer;
  }

  async ask(question: S3Question, expects: ReadonlyArray<string | number> = []): Promise<S3Success | S3Failure> {
    return retry(
      async () => {
        const answer = await this.#send(question);
        if (answer.statusCode >= 200 && answer.statusCode < 300) return { answer };
        const failure = await readS3Failure(answer);
        if (expects.includes(failure.code) || expects.includes(failure.statusCode)) return failure;
        throw s3Error(failure, answer, this.#settings);
      },
      { signal: question.signal },
    );
  }

  async askText(question: S3Question): Promise<string> {
    return retry(
      async () => {
        const answer = await this.#send(question);
        const isFailure = answer.statusCode < 200 || answer.statusCode >= 300;
        if (isFailure) throw s3Error(await readS3Failure(answer), answer, this.#settings);
        const text = await wholeText(answer);
        // the storage may have begun its answer before it knew how copies and long uploads end
        if (text.includes("<Error>")) throw s3Error(failureOf(text, answer.statusCode), answer, this.#settings);
        return text;
      },
      { signal: question.signal },
    );
  }

  async presign(method: "GET" | "PUT", key: string, expiresSeconds: number): Promise<string> {
    const url = new URL(this.#urlOf(key, { "X-Amz-Expires": String(expiresSeconds) }));
    const { credentials } = this.#settings;
    if (credentials === undefined) return this.#urlOf(key, {});
    const signed = await this.#signer({ method, url: url.toString(), signQuery: true }).sign();
    return signed.url.toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }

  async #send({ method, key, query = {}, headers = {}, body, signal }: S3Question): Promise<HttpAnswer> {
    const url = this.#urlOf(key, query);
    const sums = { ...headers, "x-amz-content-sha256": sha256Hex(body ?? "") };
    const signed = await this.#sign(method, url, sums);
    const question = { method, headers: signed, followRedirects: false, signal };
    return this.#transport.ask(url, body === undefined ? question : { ...question, body });
  }

  async #sign(method: string, url: string, headers: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    if (this.#settings.credentials === undefined) return { ...headers };
    const signed = await this.#signer({ method, url, headers: { ...headers } }).sign();
    return Object.fromEntries(signed.headers);
  }

  #signer(request: {
    readonly method: string;
    readonly url: string;
    readonly headers?: Record<string, string>;
    readonly signQuery?: boolean;
  }): AwsV4Signer {
    const { credentials, region } = this.#settings;
    return new this.#Signer({
      ...request,
      accessKeyId: credentials?.accessKeyId ?? "",
      secretAccessKey: credentials?.secretAccessKey.reveal() ?? "",
      ...(credentials?.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken.reveal() }),
      service: "s3",
      region,
      cache: this.#derivedKeys,
    });
  }

  /** The address of an object or, without a key, of the bucket. */
  #urlOf(key: string | undefined, query: Readonly<Record<string, string>>): string {
    const { endpoint, addressing } = this.#settings;
    const url = new URL(endpoint);
    // the certificates of such hosts do not cover a name with a dot in its first part
    const isVirtual = addressing === "virtual" && !(this.#bucket.includes(".") && url.protocol === "https:");
    if (isVirtual) url.host = `${this.#bucket}.${url.host}`;
    const parts = [...(isVirtual ? [] : [this.#bucket]), ...(key === undefined ? [] : key.split("/"))];
    const words = Object.entries(query).map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`);
    const base = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
    return `${base}/${parts.map(encodePart).join("/")}${words.length === 0 ? "" : `?${words.join("&")}`}`;
  }
}

/** The body of an answer; a connection that breaks is E_STORAGE_NETWORK, which is `retryable`. */
export function openBody(answer: HttpAnswer): Readable {
  return Readable.from(readBody(answer), { objectMode: false, highWaterMark: 2 ** 18 });
}

async function* readBody(answer: HttpAnswer): AsyncGenerator<Uint8Array> {
  try {
    yield* answer.body as AsyncIterable<Uint8Array>; // a body without an encoding gives bytes
  } catch (error) {
    const failure = networkFailure(error, answer.shownUrl);
    throw failure === undefined ? error : s3NetworkError(failure);
  }
}

/** Lists of 1,000 names of 1,024 characters, and what frames them, are the longest. */
async function wholeText(answer: HttpAnswer): Promise<string> {
  const limitBytes = 16 * 2 ** 20;
  try {
    return await readCapped(answer, limitBytes);
  } catch (error) {
    const failure = networkFailure(error, answer.shownUrl);
    throw failure === undefined ? error : s3NetworkError(failure);
  }
}

/** As AWS signs it: everything but unreserved characters of RFC 3986. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
