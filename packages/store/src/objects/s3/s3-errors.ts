import { AppError, redactText } from "@repo2singularity/base";
import {
  type HttpAnswer,
  headerOf,
  type NetworkFailure,
  parseRetryAfter,
  readCapped,
} from "@repo2singularity/base/http";
import type { S3Settings } from "./s3-settings.ts";
import { xmlText } from "./s3-xml.ts";

/** A failure that object storage tells. */
export interface S3Failure {
  readonly statusCode: number;
  /** Such as `NoSuchKey`; empty when there is none, as in answers to HEAD. */
  readonly code: string;
  readonly message: string;
}

/** Reads an answer that is no success, to its end. */
export async function readS3Failure(answer: HttpAnswer): Promise<S3Failure> {
  const xml = await readCapped(answer).catch(() => "");
  return failureOf(xml, answer.statusCode);
}

/** The failure that a document tells; `CompleteMultipartUpload` and copies tell some with status 200. */
export function failureOf(xml: string, statusCode: number): S3Failure {
  const message = redactText((xmlText(xml, "Message") ?? "").replaceAll(/\s+/g, " ").trim()).slice(0, 300);
  return { statusCode, code: xmlText(xml, "Code") ?? "", message };
}

/** The coded error of a failure, with what mends it. Overload and server errors are `retryable`. */
export function s3Error(failure: S3Failure, answer: HttpAnswer, settings: S3Settings): AppError {
  const { statusCode, code, message } = failure;
  const words = [code, message].filter((word) => word !== "").join(": ");
  const text = `${answer.shownUrl}: the object storage answered ${statusCode}${words === "" ? "" : ` ${words}`}`;
  const data = { statusCode, code };
  if (code === "NoSuchBucket") {
    return new AppError("E_OBJECT_NOT_FOUND", text, {
      hint: "check the bucket and the endpoint, or make the bucket",
      data,
    });
  }
  if (code === "NoSuchKey" || code === "NoSuchUpload") return new AppError("E_OBJECT_NOT_FOUND", text, { data });
  const region = headerOf(answer, "x-amz-bucket-region");
  if (region !== undefined && region !== settings.region && statusCode < 500) {
    return new AppError("E_STORAGE_PROTOCOL", text, {
      hint: `the bucket lies in another region: set AWS_REGION=${region}`,
      data,
    });
  }
  if (code === "RequestTimeTooSkewed") {
    return new AppError("E_STORAGE_AUTH", text, { hint: "set the clock of this machine", data });
  }
  // Swift takes what is not signed for a request of another protocol, and does not understand it
  const isNameless = settings.credentials === undefined && statusCode === 400;
  if (statusCode === 401 || statusCode === 403 || isNameless)
    return new AppError("E_STORAGE_AUTH", text, { hint: loginHint(settings), data });
  if (isOverload(failure)) {
    const retryAfterMs = parseRetryAfter(headerOf(answer, "retry-after"), Date.now());
    return new AppError("E_STORAGE_NETWORK", text, {
      retryable: true,
      data: { ...data, ...(retryAfterMs !== undefined && { retryAfterMs }) },
    });
  }
  return new AppError("E_STORAGE_PROTOCOL", text, { data });
}

function isOverload({ statusCode, code }: S3Failure): boolean {
  return (
    [408, 429].includes(statusCode) ||
    (statusCode >= 500 && statusCode !== 501) ||
    /^(?:InternalError|SlowDown)$/.test(code)
  );
}

function loginHint({ credentials }: S3Settings): string {
  return credentials === undefined
    ? "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or fill ~/.aws/credentials: none were found"
    : "check the keys, the endpoint and what they are allowed to do";
}

/** A connection that failed, as a coded error. */
export function s3NetworkError({ kind, shownUrl, text, cause }: NetworkFailure): AppError {
  return new AppError("E_STORAGE_NETWORK", `${shownUrl}: the object storage cannot be reached: ${text}`, {
    retryable: kind === "broken",
    hint:
      kind === "certificate"
        ? "set SSL_CERT_FILE to the bundle of the authority"
        : "check the endpoint and the network",
    cause,
  });
}
