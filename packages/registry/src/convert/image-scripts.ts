import { basename } from "node:path";
import { canonicalJson } from "@repo2singularity/base";
import { ociRunscript, type SingularityTreeOptions } from "@repo2singularity/image";
import type { OciConfig } from "../oci/documents.ts";
import { formatReference, type ImageReference } from "../reference/parse-reference.ts";

/**
 * What an OCI image's config means for `/.singularity.d`: Env, Entrypoint, Cmd and Labels as Apptainer takes them over.
 * WorkingDir and User have no counterpart: runtimes keep the caller's folder and user.
 * Folders of the host are left out of labels and definition, so that they do not depend on where an archive lay.
 */
export function imageScripts(config: OciConfig, reference: ImageReference): SingularityTreeOptions {
  const from = sourceName(reference);
  const { Entrypoint: entrypoint = [], Cmd: cmd = [], Labels: labels } = config.config ?? {};
  return {
    environment: environmentOf(config),
    pathPrefix: [],
    runscript: ociRunscript({ entrypoint, cmd }),
    labels: {
      ...labels,
      "org.label-schema.schema-version": "1.0",
      "org.label-schema.build-arch": config.architecture,
      "org.label-schema.usage.singularity.deffile.bootstrap": reference.kind,
      "org.label-schema.usage.singularity.deffile.from": from,
    },
    definition: `bootstrap: ${reference.kind}\nfrom: ${from}\n\n`,
    timestampSeconds: createdSeconds(config),
  };
}

function sourceName(reference: ImageReference): string {
  if (reference.kind === "docker") return formatReference(reference).replace(/^docker:\/\//, "");
  return `${basename(reference.path)}${reference.name === undefined ? "" : `:${reference.name}`}`;
}

/** Names that a shell cannot export are left out: no program finds them under Apptainer either. */
function environmentOf(config: OciConfig): Readonly<Record<string, string>> {
  const pairs = (config.config?.Env ?? []).map((line) => {
    const equals = line.indexOf("=");
    return equals < 0 ? ([line, ""] as const) : ([line.slice(0, equals), line.slice(equals + 1)] as const);
  });
  return Object.fromEntries(pairs.filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)));
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
