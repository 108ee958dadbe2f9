import { discardBody } from "@repo2singularity/base/http";
import { isSuccess, type S3Client } from "./s3-client.ts";

/** Removes an object; that there is none is no error. */
export async function removeKey(client: S3Client, key: string, signal: AbortSignal | undefined): Promise<void> {
  const result = await client.ask({ method: "DELETE", key, signal }, [404]);
  if (isSuccess(result)) discardBody(result.answer);
}
