import { AppError } from "@repo2singularity/base";
import { checkedObjectName } from "../object-name.ts";
import type { S3Place } from "./s3-object-store.ts";

/**
 * Parses `s3://BUCKET` or `s3://BUCKET/PREFIX` into a place for objects.
 * @throws E_USAGE when it is none, E_OBJECT_NAME when no object can lie there
 */
export function parseS3Place(url: string): S3Place {
  const match = /^s3:\/\/(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(?<path>.*))?$/.exec(url);
  const { bucket, path = "" } = match?.groups ?? {};
  if (bucket === undefined) {
    throw new AppError("E_USAGE", `"${url}" is no place in object storage`, { hint: "write it as s3://bucket/folder" });
  }
  const trimmed = path.replace(/\/+$/, "");
  return { bucket, prefix: trimmed === "" ? "" : `${checkedObjectName(trimmed)}/` };
}
