import { redactUrl } from "@repo2singularity/base";
import type { LockedPackage } from "@repo2singularity/contracts";
import * as z from "zod";
import { tryParseJson } from "./try-parse-json.ts";

/** Where Nix has what it installs. */
const store = "/nix/store";

/** What the recipe's own program notes of the packages that `<nixpkgs>` means. */
const Nixpkgs = z.object({ url: z.string(), revision: z.string(), hash: z.string() });

/** Source: Nix manual, "Lock files"; inputs that follow others have nothing of their own. */
const FlakeLock = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      locked: z
        .object({ narHash: z.string().optional(), rev: z.string().optional(), url: z.string().optional() })
        .optional(),
    }),
  ),
});

/** The packages of a channel, as one package of the image; none for a text of another kind. */
export function nixpkgsPackages(text: string): readonly LockedPackage[] {
  const found = Nixpkgs.safeParse(tryParseJson(text));
  if (!found.success) return [];
  const { url, revision, hash } = found.data;
  const version = revision === "" ? hash : revision;
  return [{ manager: "nix", name: "nixpkgs", version, prefix: store, ...digestOf(hash), source: redactUrl(url) }];
}

/** The inputs of a flake, by the names that its lock has for them; none for a text of another kind. */
export function flakeInputs(text: string): readonly LockedPackage[] {
  const lock = FlakeLock.safeParse(tryParseJson(text));
  if (!lock.success) return [];
  return Object.entries(lock.data.nodes).flatMap(([name, { locked }]): LockedPackage[] => {
    if (locked === undefined) return [];
    const { narHash = "", rev, url } = locked;
    const source = url === undefined ? {} : { source: redactUrl(url) };
    return [{ manager: "nix", name, version: rev ?? narHash, prefix: store, ...digestOf(narHash), ...source }];
  });
}

/** `sha256-BASE64` as Nix writes digests, in the form of the lock. Source: W3C, "Subresource Integrity" */
function digestOf(hash: string): Pick<LockedPackage, "digest"> {
  const base64 = /^sha256-(?<base64>[A-Za-z0-9+/]{43}=)$/.exec(hash)?.groups?.["base64"];
  return base64 === undefined ? {} : { digest: `sha256:${Buffer.from(base64, "base64").toString("hex")}` };
}
