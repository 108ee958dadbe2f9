import { AppError } from "@repo2singularity/base";
import { resolveLibraryImage } from "./library/library-image.ts";
import type { LibraryAccess } from "./library/library-server.ts";
import type { Platform } from "../oci/platform.ts";
import { resolveOrasImage } from "./oras/oras-image.ts";
import { resolveShubImage } from "./shub/shub-image.ts";
import { resolveWebImage } from "./web/web-image.ts";
import type { RemoteReference } from "./parse-remote-reference.ts";
import type { RemoteImage } from "./remote-image.ts";

/** A reference to a SIF that a server hands out as one file. */
export type SifReference = Extract<RemoteReference, { kind: "library" | "oras" | "shub" | "web" }>;

/**
 * Finds the SIF that a reference names, wherever it lies; its bytes come when they are asked for.
 * @param platform for what the server keeps apart by architecture
 * @throws E_REGISTRY_NOT_FOUND, E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL, E_OCI_INVALID
 */
export async function resolveRemoteImage(
  reference: SifReference,
  platform: Platform,
  access: LibraryAccess,
): Promise<RemoteImage> {
  switch (reference.kind) {
    case "library":
      return resolveLibraryImage(reference, platform.architecture, access);
    case "oras":
      return resolveOrasImage({ ...reference, kind: "docker" }, platform, access);
    case "shub":
      return resolveShubImage(reference, access);
    case "web":
      return resolveWebImage(reference.url, access);
    default:
      throw new AppError("E_INTERNAL", `${JSON.stringify(reference satisfies never)} has no client`);
  }
}
