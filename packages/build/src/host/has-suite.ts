import { isAbortError } from "@repo2singularity/base";
import type { HttpClient } from "./http-client.ts";

/** Whether an apt archive has a suite, by asking for its signed index. An archive that does not answer has none. */
export async function hasSuite(client: HttpClient, uri: string, suite: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const answer = await client.get(`${uri}/dists/${suite}/InRelease`, signal === undefined ? {} : { signal });
    for await (const _chunk of answer.body) break; // ends the connection after the first bytes
    return answer.statusCode === 200;
  } catch (error) {
    if (isAbortError(error)) throw error;
    return false;
  }
}
