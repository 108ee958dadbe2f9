import { ociRunscript } from "./oci-runscript.ts";
import type { SingularityTreeOptions } from "./tree.ts";

/** What an OCI image's configuration says that a runtime of SIF images takes over. */
export interface OciRunFacts {
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** As OCI has it, such as `amd64`. */
  readonly architecture: string;
  /** Where the image comes from, by the words of a definition file's header. */
  readonly bootstrap: string;
  readonly from: string;
}

/**
 * What an OCI image's configuration means for `/.singularity.d`: Env, Entrypoint, Cmd and Labels as Apptainer takes them
 * over. WorkingDir and User have no counterpart: runtimes keep the caller's folder and user.
 */
export function ociTexts(
  facts: OciRunFacts,
): Pick<SingularityTreeOptions, "environment" | "pathPrefix" | "runscript" | "labels"> {
  const { entrypoint, cmd } = facts;
  return {
    environment: shellVariables(facts.environment),
    pathPrefix: [],
    runscript: ociRunscript({ entrypoint, cmd }),
    labels: {
      ...facts.labels,
      "org.label-schema.schema-version": "1.0",
      "org.label-schema.build-arch": facts.architecture,
      "org.label-schema.usage.singularity.deffile.bootstrap": facts.bootstrap,
      "org.label-schema.usage.singularity.deffile.from": facts.from,
    },
  };
}

/** Names that a shell cannot export are left out: no program finds them under Apptainer either. */
function shellVariables(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)));
}
