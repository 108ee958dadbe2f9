import type { ContainerRecipe, ImageConfig } from "@repo2singularity/contracts";
import { ociTexts, type SingularityTreeOptions } from "@repo2singularity/image";
import { renderContainerDefinition } from "@repo2singularity/recipe/container";

/** What of a build stands in its image's texts. */
export interface ContainerFacts {
  /** Of the stage that is the image. */
  readonly config: ImageConfig;
  /** Of the image that it starts from. */
  readonly baseConfig: ImageConfig;
  /** What this build says of itself: source, commit, base. */
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampSeconds: number;
}

/**
 * What `/.singularity.d` of a container file's image holds: of a Dockerfile what its configuration means, as for every
 * OCI image; of a definition file its own sections, and its base's where it has none.
 */
export function containerTexts(recipe: ContainerRecipe, facts: ContainerFacts): SingularityTreeOptions {
  const { config, timestampSeconds } = facts;
  const { texts } = recipe;
  const oci = ociTexts({
    ...config,
    labels: { ...config.labels, ...facts.labels, ...ownLabels(facts) },
    architecture: recipe.platform === "linux/arm64" ? "arm64" : "amd64",
    bootstrap: texts?.headers["bootstrap"] ?? "dockerfile",
    from: texts?.headers["from"] ?? recipe.file,
  });
  if (texts === undefined) return { ...oci, definition: renderContainerDefinition(recipe), timestampSeconds };
  const old = config.singularityFiles;
  const optional = {
    startscript: texts.startscript ?? old["startscript"],
    test: texts.test ?? old["test"],
    help: texts.help ?? old["runscript.help"],
    appsEnvironment: texts.appsEnvironment,
  };
  return {
    ...oci,
    extraEnvironmentScript: [...inheritedScripts(config), texts.environment ?? ""]
      .filter((text) => text !== "")
      .join("\n"),
    runscript: texts.runscript ?? old["runscript"] ?? oci.runscript,
    ...Object.fromEntries(Object.entries(optional).filter(([, text]) => text !== undefined)),
    labels: { ...oci.labels, ...headerLabels(texts.headers), ...(optional.help === undefined ? {} : helpLabels) },
    definition: texts.definition,
    timestampSeconds,
  };
}

/** Labels that the file sets itself, rather than its base: they win over what this build says. */
function ownLabels({ config, baseConfig }: ContainerFacts): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(config.labels).filter(([name, value]) => baseConfig.labels[name] !== value));
}

function inheritedScripts({ singularityFiles }: ImageConfig): readonly string[] {
  const names = ["env/10-docker2singularity.sh", "env/90-environment.sh", "env/91-environment.sh"];
  return names.map((name) => (singularityFiles[name] ?? "").replace(/^#!.*\n/, ""));
}

const usage = "org.label-schema.usage";

/** As Apptainer labels every header of the definition file. */
function headerLabels(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [`${usage}.singularity.deffile.${name}`, value]),
  );
}

const helpLabels = {
  [usage]: "/.singularity.d/runscript.help",
  [`${usage}.apptainer.runscript.help`]: "/.singularity.d/runscript.help",
};
