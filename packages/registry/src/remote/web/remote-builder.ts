import { redactUrl } from "@repo2singularity/base";
import { readHttpBytes } from "../http-bytes.ts";
import type { RemoteAccess } from "../remote-access.ts";
import type { RemoteImage } from "../remote-image.ts";

/** What a remote builder is to build. */
export interface RemoteBuild {
  /** A git URL that the builder can reach. */
  readonly url: string;
  /** Branch, tag or commit; that of the remote's HEAD when left out. */
  readonly ref: string | undefined;
  readonly imageName: string;
}

/** A build may take hours, and says nothing meanwhile. */
const buildingMs = 12 * 3600 * 1000;

/**
 * The image that a remote builder makes of a repository. The builder answers when the image is whole; asked again for
 * the same, it builds or answers again.
 * Source: protocol of the repo2singularity of 2020
 * @param endpoint URL of its `/api/`
 */
export function remoteBuild(endpoint: string, wanted: RemoteBuild, access: RemoteAccess): RemoteImage {
  const { url, ref, imageName } = wanted;
  const body = JSON.stringify({ url, ref: ref ?? null, image_name: imageName });
  return {
    reference: `${redactUrl(endpoint)} ${redactUrl(url)}`,
    digest: undefined,
    sizeBytes: undefined,
    open: async (_range, signal) => {
      const headers = { "content-type": "application/json", accept: "application/octet-stream" };
      const question = { method: "POST", headers, body, idleTimeoutMs: buildingMs, signal } as const;
      return readHttpBytes(await access.transport.ask(endpoint, question), { startBytes: 0 });
    },
  };
}
