import { AppError } from "@repo2singularity/base";
import { discardBody, headerOf, type HttpAnswer } from "@repo2singularity/base/http";
import { networkError, statusError } from "../http/errors.ts";
import type { RemoteBytes, RemoteRange } from "./remote-image.ts";

/** How a range is asked for. Compressed transfer is refused: it would change what is counted. */
export function rangeQuestion({ startBytes, endBytes }: RemoteRange): {
  readonly headers: Readonly<Record<string, string>>;
  readonly isBulk: true;
} {
  const isWhole = startBytes === 0 && endBytes === undefined;
  const range = `bytes=${startBytes}-${endBytes === undefined ? "" : endBytes - 1}`;
  return { headers: { "accept-encoding": "identity", ...(!isWhole && { range }) }, isBulk: true };
}

/**
 * What an HTTP answer to a range request gives: the range (206) or everything (200).
 * @throws E_REGISTRY_PROTOCOL when it is another range, or what `statusError` makes of the status
 */
export async function readHttpBytes(answer: HttpAnswer, asked: RemoteRange): Promise<RemoteBytes> {
  if (answer.statusCode === 200) {
    const length = headerOf(answer, "content-length");
    const totalBytes = length === undefined || !/^\d+$/.test(length) ? undefined : Number(length);
    return { startBytes: 0, totalBytes, isRange: false, ...bodyOf(answer) };
  }
  if (answer.statusCode !== 206) throw await statusError(answer);
  const text = headerOf(answer, "content-range") ?? "";
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text) ?? [];
  if (start === undefined || Number(start) !== asked.startBytes) {
    discardBody(answer);
    throw new AppError(
      "E_REGISTRY_PROTOCOL",
      `${answer.shownUrl}: was asked for bytes from ${asked.startBytes}, and answered with "${text}"`,
    );
  }
  const totalBytes = total === undefined || total === "*" ? undefined : Number(total);
  return { startBytes: Number(start), totalBytes, isRange: true, ...bodyOf(answer) };
}

/** Network errors of a body as coded ones. */
function bodyOf(answer: HttpAnswer): Pick<RemoteBytes, "body" | "close"> {
  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* answer.body as AsyncIterable<Uint8Array>; // a body without an encoding gives bytes
    } catch (error) {
      throw networkError(error, answer.shownUrl);
    }
  }
  return { body: read(), close: () => discardBody(answer) };
}
