import { redactUrl } from "@repo2singularity/base";
import type { LockedPackage } from "@repo2singularity/contracts";
import * as z from "zod";
import { readPlainText } from "../layer/plain-files.ts";
import { tryParseJson } from "./try-parse-json.ts";

/** Source: conda, `PrefixRecord` */
const CondaRecord = z.object({ url: z.string().optional(), sha256: z.string().optional() });

/**
 * What a record of `conda-meta` says of the archive that was installed.
 * @param tree a layer's folder
 * @param file the record in it
 */
export async function condaFacts(tree: string, file: string): Promise<Pick<LockedPackage, "digest" | "source">> {
  const record = CondaRecord.safeParse(tryParseJson(await readPlainText(tree, file)));
  if (!record.success) return {};
  const { url, sha256 } = record.data;
  return {
    ...(sha256 === undefined ? {} : { digest: `sha256:${sha256}` }),
    ...(url === undefined ? {} : { source: redactUrl(url) }),
  };
}
