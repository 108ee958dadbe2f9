import { isAbortError, isAppError } from "@repo2singularity/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type RefusalReason, refusalReason, refusals } from "../../service/refusal.ts";

/** An error as a door tells it, each in its own form. */
export interface ToldError {
  readonly status: number;
  /** Of the OCI specification. */
  readonly ociCode: string;
  readonly message: string;
  readonly reason: RefusalReason | undefined;
}

/**
 * What clients are told of an error. Failures of the registry's own are logged, and told without details.
 * Those of uploads are no 5xx: clients repeat those with a body that they have no more.
 */
export function tellError(error: unknown, request: FastifyRequest): ToldError {
  const reason = refusalReason(error);
  if (reason !== undefined) {
    return { ...refusals[reason], reason, message: error instanceof Error ? error.message : reason };
  }
  const isUpload = request.method === "PATCH" || request.method === "PUT";
  if (isAppError(error, "E_NO_SPACE")) {
    return { status: 403, ociCode: "DENIED", message: "the disk of the registry is full", reason };
  }
  if (!isAbortError(error) && !request.raw.destroyed) request.log.error({ err: error }, "a request failed");
  const message = "the registry failed to answer; its log says why";
  return { status: isUpload ? 400 : 500, ociCode: "UNKNOWN", message, reason };
}

/** Lets the rest of a body pass that nobody reads any more, so that its sender gets to read the answer. */
export function letBodyPass(request: FastifyRequest, reply: FastifyReply): void {
  const { raw, headers } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  if (!hasBody || raw.readableEnded || raw.destroyed) return;
  void reply.header("connection", "close");
  raw.resume();
}
