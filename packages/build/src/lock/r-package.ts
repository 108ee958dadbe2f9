import type { LockedPackage } from "@repo2singularity/contracts";
import { readPlainText } from "../layer/plain-files.ts";

/**
 * An installed R package by the DESCRIPTION in its folder; `undefined` for a folder that is none.
 * Source: Writing R Extensions, "The DESCRIPTION file"; remotes, fields `Remote…`
 * @param tree a layer's folder
 * @param folder the package's folder in it
 */
export async function readRPackage(tree: string, folder: string): Promise<LockedPackage | undefined> {
  const text = await readPlainText(tree, `${folder}/DESCRIPTION`);
  const field = (name: string): string | undefined => new RegExp(`^${name}: *(\\S.*)$`, "m").exec(text ?? "")?.[1];
  const name = field("Package");
  const version = field("Version");
  if (name === undefined || version === undefined) return undefined;
  const source = sourceOf(field);
  return { manager: "r", name, version, ...(source === undefined ? {} : { source }) };
}

/** Packages of repositories such as CRAN have none. */
function sourceOf(field: (name: string) => string | undefined): string | undefined {
  const type = field("RemoteType");
  if (type === undefined || type === "standard") return undefined;
  if (type === "local") return "file:///srv/repo";
  const place = [field("RemoteUsername"), field("RemoteRepo")].filter((part) => part !== undefined).join("/");
  return `${type}:${place === "" ? (field("RemoteUrl") ?? "") : place}@${field("RemoteSha") ?? ""}`;
}
