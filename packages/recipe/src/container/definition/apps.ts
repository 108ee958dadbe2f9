import type { ContainerGroup, ContainerStep, ImageConfig } from "@repo2singularity/contracts";
import { type FilesContext, filesSteps } from "./files.ts";
import { parseLabels } from "./labels.ts";
import { type DefinitionStage, sectionText } from "./parse-definition.ts";
import { stepEnvironment } from "./step-environment.ts";

/** Names of a stage's apps, in the order in which they appear. */
export function appNames(stage: DefinitionStage): readonly string[] {
  const names = stage.sections.filter(({ name }) => name.startsWith("app")).map(({ args }) => args[0] ?? "");
  return [...new Set(names)];
}

const appRoot = (name: string): string => `/scif/apps/${name}`;

/** The layer of one app: its folders, texts and files, then what installs it. Source: trees that Apptainer 1.4.5 makes */
export function planApp(
  name: string,
  stage: DefinitionStage,
  context: FilesContext & { readonly config: ImageConfig },
): ContainerGroup {
  const root = appRoot(name);
  const text = (section: string): string | undefined => sectionText(stage, section, name);
  const write = (path: string, content: string | undefined, mode: number): ContainerStep[] =>
    content === undefined
      ? []
      : [{ kind: "write", title: `Write ${root}/${path}`, path: `${root}/${path}`, content, mode }];
  const script = (section: string): string | undefined => {
    const body = text(section);
    return body === undefined ? undefined : `#!/bin/sh\n\n${body}`;
  };
  const folders = ["bin", "lib"].map((folder) => `${root}/${folder}`);
  const labels = { ...parseLabels(text("applabels") ?? ""), SCIF_APP_NAME: name };
  const files = stage.sections.filter((section) => section.name === "appfiles" && section.args[0] === name);
  const steps: ContainerStep[] = [
    ...[...folders, `/scif/data/${name}/input`, `/scif/data/${name}/output`].map((path): ContainerStep => ({
      kind: "folder",
      title: `Make ${path}`,
      path,
    })),
    ...write("scif/env/01-base.sh", baseScript(name), 0o755),
    ...write("scif/env/90-environment.sh", text("appenv"), 0o755),
    ...write("scif/labels.json", `${JSON.stringify(labels, undefined, "\t")}\n`, 0o644),
    ...write("scif/runscript", script("apprun"), 0o755),
    ...write("scif/startscript", script("appstart"), 0o755),
    ...write("scif/test", script("apptest"), 0o755),
    ...write("scif/runscript.help", text("apphelp"), 0o644),
    ...files.flatMap((section) => filesSteps(section, { ...context, from: { kind: "context" }, root })),
    ...install(name, text("appinstall"), context.config),
  ];
  const line = stage.sections.find((section) => section.args[0] === name)?.line ?? stage.line;
  return { line, title: `App ${name}`, steps };
}

function install(name: string, script: string | undefined, config: ImageConfig): ContainerStep[] {
  if (script === undefined) return [];
  const root = appRoot(name);
  return [
    {
      kind: "run",
      title: `%appinstall ${name}`,
      argv: ["/bin/sh", "-ex"],
      script: `. ${root}/scif/env/01-base.sh\ncd ${root}\n${script}`,
      env: stepEnvironment(config.environment),
      cwd: "/",
      user: "",
      network: true,
      mounts: [],
    },
  ];
}

function baseScript(name: string): string {
  const values = {
    SCIF_APPNAME: name,
    SCIF_APPROOT: appRoot(name),
    SCIF_APPMETA: `${appRoot(name)}/scif`,
    SCIF_DATA: "/scif/data",
    SCIF_APPDATA: `/scif/data/${name}`,
    SCIF_APPINPUT: `/scif/data/${name}/input`,
    SCIF_APPOUTPUT: `/scif/data/${name}/output`,
  };
  return `#!/bin/sh\n\n${exports(values)}`;
}

/** What tells every program of the image where its apps are. */
export function appsEnvironment(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  return names
    .map((name) => {
      const suffix = name.replaceAll(/\W/g, "_");
      const meta = `${appRoot(name)}/scif`;
      return exports({
        [`SCIF_APPDATA_${suffix}`]: `/scif/data/${name}`,
        [`SCIF_APPMETA_${suffix}`]: meta,
        [`SCIF_APPROOT_${suffix}`]: appRoot(name),
        [`SCIF_APPBIN_${suffix}`]: `${appRoot(name)}/bin`,
        [`SCIF_APPLIB_${suffix}`]: `${appRoot(name)}/lib`,
        [`SCIF_APPENV_${suffix}`]: `${meta}/env/90-environment.sh`,
        [`SCIF_APPLABELS_${suffix}`]: `${meta}/labels.json`,
        [`SCIF_APPRUN_${suffix}`]: `${meta}/runscript`,
        [`SCIF_APPSTART_${suffix}`]: `${meta}/startscript`,
      });
    })
    .join("\n");
}

function exports(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `export ${name}="${value}"\n`)
    .join("");
}
