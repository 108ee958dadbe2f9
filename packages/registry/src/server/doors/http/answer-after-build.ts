import { setTimeout as delay } from "node:timers/promises";
import { isAbortError } from "@repo2singularity/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { BuildTicket } from "../../service/build/running-builds.ts";
import { refusalReason, refuse } from "../../service/refusal.ts";
import type { DoorOptions } from "./door-options.ts";

/** How a door answers when a build took longer than a client is left without a word. */
export interface LateAnswer {
  readonly contentType: string;
  /** The JSON text when the build is done. */
  answer(): Promise<string>;
  /** JSON that the client cannot use and shows: so its user reads why the build failed. */
  failure(message: string): string;
}

const defaultPatience: NonNullable<DoorOptions["patience"]> = { holdMs: 20_000, beatMs: 5000 };

/**
 * Waits for a build while its client waits for an answer.
 *
 * For some seconds nothing is sent, so that quick failures get a status of their own. Then comes `200` with white
 * space every few seconds, which is allowed before JSON and keeps proxies from cutting the connection, and at the end
 * the JSON. When the client goes, its place in the build is given up.
 * @param late undefined for answers that cannot begin with white space: those wait in silence
 * @returns whether the answer was sent; otherwise the image is there and the door answers as usual
 * @throws build-failed
 */
export async function answerAfterBuild(
  { patience = defaultPatience }: DoorOptions,
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  ticket: BuildTicket,
  late?: LateAnswer,
): Promise<boolean> {
  using waiting = ticket;
  const gone = new AbortController();
  const leave = (): void => {
    gone.abort();
    waiting[Symbol.dispose]();
  };
  reply.raw.once("close", leave);
  try {
    const isDone = await within(waiting.done, late === undefined ? undefined : patience.holdMs, gone.signal);
    if (isDone || late === undefined) return false;
    await sendLate(reply, waiting.done, { ...late, beatMs: patience.beatMs });
    return true;
  } finally {
    reply.raw.off("close", leave);
    request.log.debug("a request waited for a build");
  }
}

/** Whether a build is done within a time. @throws build-failed; an AbortError when the client has gone */
async function within(done: Promise<void>, holdMs: number | undefined, signal: AbortSignal): Promise<boolean> {
  const built = done.then(
    () => true,
    (error: unknown) => {
      throw failureOf(error);
    },
  );
  const timer = new AbortController();
  const either = AbortSignal.any([timer.signal, signal]);
  const limit = delay(holdMs ?? 2 ** 31 - 1, false, { signal: either, ref: false });
  try {
    return await Promise.race([built, limit]);
  } finally {
    timer.abort();
    limit.catch(() => {}); // ended by the line above
  }
}

async function sendLate(
  reply: FastifyReply,
  done: Promise<void>,
  late: LateAnswer & { readonly beatMs: number },
): Promise<void> {
  reply.hijack();
  reply.raw.writeHead(200, { "content-type": late.contentType, "x-accel-buffering": "no" });
  reply.raw.write(" ");
  const beat = setInterval(() => reply.raw.write(" "), late.beatMs);
  try {
    await done;
    reply.raw.end(await late.answer());
  } catch (error) {
    reply.raw.end(late.failure(`BUILD FAILED: ${wordsOf(error)}`));
  } finally {
    clearInterval(beat);
  }
}

function failureOf(error: unknown): unknown {
  return refusalReason(error) === undefined ? refuse("build-failed", `BUILD FAILED: ${wordsOf(error)}`) : error;
}

function wordsOf(error: unknown): string {
  if (isAbortError(error)) return "it was cancelled";
  return error instanceof Error ? error.message : String(error);
}
