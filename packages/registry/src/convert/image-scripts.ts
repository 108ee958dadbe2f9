import { basename } from "node:path";
import { canonicalJson } from "@repo2singularity/base";
import { ociTexts, type SingularityTreeOptions } from "@repo2singularity/image";
import type { OciConfig } from "../oci/documents.ts";
import { formatReference, type ImageReference } from "../reference/parse-reference.ts";

/**
 * What an OCI image's config means for `/.singularity.d`; see `ociTexts`.
 * Folders of the host are left out of labels and definition, so that they do not depend on where an archive lay.
 */
export function imageScripts(config: OciConfig, reference: ImageReference): SingularityTreeOptions {
  const from = sourceName(reference);
  const { Entrypoint: entrypoint = [], Cmd: cmd = [], Labels: labels } = config.config ?? {};
  return {
    ...ociTexts({
      environment: environmentOf(config),
      entrypoint,
      cmd,
      labels: labels ?? {},
      architecture: config.architecture,
      bootstrap: reference.kind,
      from,
    }),
    definition: `bootstrap: ${reference.kind}\nfrom: ${from}\n\n`,
    timestampSeconds: createdSeconds(config),
  };
}

function sourceName(reference: ImageReference): string {
  if (reference.kind === "docker") return formatReference(reference).replace(/^docker:\/\//, "");
  return `${basename(reference.path)}${reference.name === undefined ? "" : `:${reference.name}`}`;
}

/** The variables of an image; a line without `=` is one that is empty. */
export function environmentOf(config: OciConfig): Readonly<Record<string, string>> {
  const pairs = (config.config?.Env ?? []).map((line) => {
    const equals = line.indexOf("=");
    return equals < 0 ? ([line, ""] as const) : ([line.slice(0, equals), line.slice(equals + 1)] as const);
  });
  return Object.fromEntries(pairs);
}

/** Unix seconds at which the image was made, 0 when it does not say. */
function createdSeconds(config: OciConfig): number {
  const milliseconds = Date.parse(config.created ?? "");
  return Number.isNaN(milliseconds) ? 0 : Math.max(0, Math.floor(milliseconds / 1000));
}

/** The object `oci-config.json`, by which Apptainer's OCI mode and people find the config again. */
export function ociConfigJson(config: OciConfig): string {
  const filled = Object.entries(config.config ?? {}).filter(([, value]) => {
    const isEmpty = value === null || value === "" || (Array.isArray(value) && value.length === 0);
    return !isEmpty;
  });
  return canonicalJson(Object.fromEntries(filled));
}
