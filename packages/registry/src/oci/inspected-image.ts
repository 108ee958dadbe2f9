import type { Digest } from "@repo2singularity/base";
import * as z from "zod";
import { OciConfig, parseDocument } from "./documents.ts";

/** An image that lies in a container engine, as its `image inspect` tells it. */
export interface InspectedImage {
  /** Of its configuration: changes whenever any content does. */
  readonly id: Digest;
  readonly config: OciConfig;
}

/** Names are those of Docker's API; podman leaves `sha256:` out of ids. */
const Inspection = z
  .array(
    z.object({
      Id: z.string().regex(/^(?:sha256:)?[0-9a-f]{64}$/),
      Created: z.string().nullish(),
      Architecture: z.string().default(""),
      Os: z.string().default("linux"),
      Config: z.unknown(),
      RootFS: z.object({ Layers: z.array(z.string()).nullish() }).nullish(),
    }),
  )
  .min(1);

/**
 * Parses what `docker image inspect NAME` prints.
 * @throws E_OCI_INVALID when it is something else
 * Source: Docker Engine API, "ImageInspect"
 */
export function parseInspectedImage(text: string, what: string): InspectedImage {
  const [image] = parseDocument(Inspection, Buffer.from(text), what);
  const { Id = "", Created, Architecture, Os, Config, RootFS } = image ?? {};
  const config = {
    architecture: Architecture,
    os: Os,
    created: Created,
    config: Config,
    rootfs: { diff_ids: RootFS?.Layers ?? [] },
  };
  return {
    id: `sha256:${Id.replace("sha256:", "")}`,
    config: parseDocument(OciConfig, Buffer.from(JSON.stringify(config)), what),
  };
}
