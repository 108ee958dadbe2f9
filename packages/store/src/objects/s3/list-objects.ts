import { xmlElements, xmlText } from "./s3-xml.ts";
import type { S3Client } from "./s3-client.ts";

/** An object as the storage lists it. */
export interface ListedKey {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modified: Date;
}

/**
 * The objects whose keys begin with a prefix, in the order of their bytes. Memory: a page.
 * @param pageSize objects that are asked for at once, 1 to 1,000
 */
export async function* listKeys(
  client: S3Client,
  prefix: string,
  signal: AbortSignal | undefined,
  pageSize = 1_000,
): AsyncGenerator<ListedKey> {
  let token: string | undefined;
  do {
    signal?.throwIfAborted();
    const query = {
      "list-type": "2",
      "encoding-type": "url", // XML cannot hold every key
      "max-keys": String(pageSize),
      prefix,
      ...(token === undefined ? {} : { "continuation-token": token }),
    };
    const xml = await client.askText({ method: "GET", query, signal });
    for (const element of xmlElements(xml, "Contents")) {
      yield {
        key: decodeKey(xmlText(element, "Key") ?? ""),
        sizeBytes: Number(xmlText(element, "Size")),
        modified: new Date(xmlText(element, "LastModified") ?? 0),
      };
    }
    token = xmlText(xml, "IsTruncated") === "true" ? xmlText(xml, "NextContinuationToken") : undefined;
  } while (token !== undefined);
}

/** An upload in parts that is not completed. */
export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly begun: Date;
}

/** The uploads in parts whose keys begin with a prefix. Memory: a page of 1,000. */
export async function* listUploads(
  client: S3Client,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedUpload> {
  let markers: Readonly<Record<string, string>> | undefined = {};
  while (markers !== undefined) {
    const query = { uploads: "", "encoding-type": "url", prefix, ...markers };
    const xml: string = await client.askText({ method: "GET", query, signal });
    for (const element of xmlElements(xml, "Upload")) {
      yield {
        key: decodeKey(xmlText(element, "Key") ?? ""),
        uploadId: xmlText(element, "UploadId") ?? "",
        begun: new Date(xmlText(element, "Initiated") ?? 0),
      };
    }
    const isLast = xmlText(xml, "IsTruncated") !== "true";
    markers = isLast
      ? undefined
      : {
          "key-marker": decodeKey(xmlText(xml, "NextKeyMarker") ?? ""),
          "upload-id-marker": xmlText(xml, "NextUploadIdMarker") ?? "",
        };
  }
}

/** Storages encode as forms do (Amazon, a space is `+`) or as paths do (Swift, a space is `%20`). */
function decodeKey(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
