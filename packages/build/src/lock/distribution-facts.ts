import { redactUrl, sha256Hex } from "@repo2singularity/base";
import type { LockedPackage } from "@repo2singularity/contracts";
import * as z from "zod";
import { readPlainText } from "../layer/plain-files.ts";
import { tryParseJson } from "./try-parse-json.ts";

/** Source: packaging.python.org, "Recording the Direct URL Origin of installed distributions" */
const DirectUrl = z.object({
  url: z.string(),
  vcs_info: z.object({ vcs: z.string(), commit_id: z.string() }).optional(),
});

/**
 * What a Python distribution's metadata says of its content and where it came from.
 * @param tree a layer's folder
 * @param folder the `*.dist-info` folder in it
 */
export async function distributionFacts(
  tree: string,
  folder: string,
): Promise<Pick<LockedPackage, "digest" | "source">> {
  const record = await readPlainText(tree, `${folder}/RECORD`);
  const direct = DirectUrl.safeParse(tryParseJson(await readPlainText(tree, `${folder}/direct_url.json`)));
  return {
    ...(record === undefined ? {} : { digest: `sha256:${recordDigest(record)}` }),
    ...(direct.success ? { source: sourceOf(direct.data) } : {}),
  };
}

/**
 * The digest of a RECORD without the lines of what installers add: who installed it and why, and bytecode.
 * Source: packaging.python.org, "Recording installed projects"
 */
export function recordDigest(record: string): string {
  const lines = record
    .split(/\r?\n/)
    .filter(
      (line) => line !== "" && !/\.dist-info\/(?:INSTALLER|REQUESTED|RECORD|direct_url\.json)"?,|\.pyc"?,/.test(line),
    );
  return sha256Hex(lines.toSorted().join("\n"));
}

function sourceOf({ url, vcs_info: vcs }: z.infer<typeof DirectUrl>): string {
  return vcs === undefined ? redactUrl(url) : `${vcs.vcs}+${redactUrl(url)}@${vcs.commit_id}`;
}
