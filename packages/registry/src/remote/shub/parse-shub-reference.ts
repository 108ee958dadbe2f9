import { AppError } from "@repo2singularity/base";
import type { ShubReference } from "./shub-image.ts";

const defaultHost = "singularity-hub.org";
const pattern =
  /^shub:(?:\/\/)?(?:(?<place>.+)\/)?(?<user>[-a-zA-Z0-9]{1,39})\/(?<name>[-_.a-zA-Z0-9]{1,64})(?::(?<tag>[-_.a-zA-Z0-9]{1,64}))?(?:@(?<hash>[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}))?$/;

/**
 * Parses `shub://[HOST[/PREFIX]/]USER/NAME[:TAG][@HASH]`; unlike apptainer's, a host may have a port.
 * @throws E_REFERENCE_INVALID
 * Source: apptainer 1.4, `internal/pkg/client/shub/util.go`
 */
export function parseShubReference(text: string): ShubReference {
  const groups = pattern.exec(text)?.groups;
  const { place = defaultHost, user, name, tag = "latest", hash } = groups ?? {};
  const [host = "", ...folders] = place.split("/");
  const isPlace =
    /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i.test(host) && folders.every((one) => /^[\w.-]+$/.test(one));
  if (user === undefined || name === undefined || !isPlace || folders.includes("..")) {
    throw new AppError("E_REFERENCE_INVALID", `"${text}" is no image of a Singularity Hub`, {
      hint: "write shub://HOST/USER/NAME:TAG",
    });
  }
  const prefix = folders.map((folder) => `/${folder}`).join("");
  return { kind: "shub", host, prefix, user, name, tag, hash };
}
