import { redactUrl } from "@repo2singularity/base";
import type { LockedPackage } from "@repo2singularity/contracts";
import { parse, TomlError } from "smol-toml";
import * as z from "zod";

/** Source: Pkg.jl, "Manifest.toml": an entry of a package; those of the standard library have no tree of their own. */
const Entry = z.object({
  version: z.string().optional(),
  "git-tree-sha1": z.string().optional(),
  "repo-url": z.string().optional(),
  "repo-rev": z.string().optional(),
  path: z.string().optional(),
});
const Entries = z.record(z.string(), z.array(Entry).catch([]));
const Manifest = z.object({ manifest_format: z.string().optional(), deps: Entries.optional() }).catchall(z.unknown());

/**
 * The packages of a manifest that Julia's package manager wrote in a build: what comes with Julia itself is left out.
 * @param folder of the manifest in the image, absolute
 * @returns an empty list for a text that is no manifest: nobody but the build wrote it
 */
export function juliaManifestPackages(text: string, folder: string): readonly LockedPackage[] {
  const manifest = Manifest.safeParse(tryParseToml(text));
  if (!manifest.success) return [];
  const { manifest_format: format, deps } = manifest.data;
  const entries = format === undefined ? Entries.catch({}).parse(manifest.data) : (deps ?? {});
  return Object.entries(entries).flatMap(([name, list]) => list.flatMap((entry) => packageOf(name, entry, folder)));
}

function packageOf(name: string, entry: z.infer<typeof Entry>, folder: string): LockedPackage[] {
  const { version = "0", "git-tree-sha1": tree, "repo-url": url, "repo-rev": revision, path } = entry;
  if (tree === undefined && path === undefined) return [];
  const source =
    path === undefined
      ? url === undefined
        ? undefined
        : `git+${redactUrl(url)}@${revision ?? ""}`
      : new URL(path, `file://${folder}/`).href;
  return [
    {
      manager: "julia",
      name,
      version,
      prefix: folder,
      ...(tree === undefined ? {} : { digest: `git-tree:${tree}` }),
      ...(source === undefined ? {} : { source }),
    },
  ];
}

function tryParseToml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}
