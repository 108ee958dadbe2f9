import type {
  ContainerGroup,
  ContainerRecipe,
  ContainerStep,
  Decision,
  DefinitionTexts,
  ImageConfig,
  Stage,
} from "@repo2singularity/contracts";
import { recipeVersion } from "@repo2singularity/contracts/version";
import { type ConfigFile, invalidFile } from "../../detect/config-file.ts";
import type { ContainerPlanOptions } from "../container-options.ts";
import { emptyConfig } from "../empty-config.ts";
import { neededStages } from "../needed-stages.ts";
import { appNames, appsEnvironment, planApp } from "./apps.ts";
import { planBootstrap } from "./bootstrap.ts";
import { type FilesContext, isFromStage, planFiles } from "./files.ts";
import { parseLabels } from "./labels.ts";
import { type DefinitionStage, parseDefinition, type Section, sectionText } from "./parse-definition.ts";
import { stepEnvironment } from "./step-environment.ts";

/**
 * Plans a definition file of Apptainer or Singularity.
 * @throws E_RECIPE_FILE_INVALID with file and line
 */
export function planDefinition(file: ConfigFile, options: ContainerPlanOptions): ContainerRecipe {
  const parsed = parseDefinition(file, options.buildArgs);
  const stages: Stage[] = [];
  for (const written of parsed.stages) stages.push(planStage(written, { file, options, earlier: stages }));
  const target = targetOf(stages, file, options.target);
  const needed = neededStages(stages.slice(0, stages.indexOf(target) + 1), target.name);
  const last = parsed.stages[stages.indexOf(target)];
  const kept = stages.filter(({ name }) => needed.has(name));
  return {
    version: recipeVersion,
    family: "definition",
    platform: options.platform,
    file: file.path,
    stages: kept,
    ...(last === undefined ? {} : { texts: textsOf(last, parsed.text) }),
    decisions: [
      {
        subject: file.path,
        outcome: "used",
        reason: "a definition file describes the whole image: nothing else of the repository is read",
      },
      ...stages
        .filter(({ name }) => !needed.has(name))
        .map(({ name }): Decision => ({
          subject: `stage ${name}`,
          outcome: "ignored",
          reason: `${target.name} does not need it`,
        })),
      ...parsed.unusedArgs.map((name): Decision => ({
        subject: `--build-arg ${name}`,
        outcome: "ignored",
        reason: "no template asks for it",
      })),
      ...kept.flatMap(signerDecisions),
      ...(parsed.stages.some((stage) => hasText(stage, "setup")) ? [setupDecision] : []),
    ],
  };
}

function signerDecisions({ base }: Stage): Decision[] {
  if (base.kind !== "image" || base.signers === undefined) return [];
  const reason = `${base.reference} is checked before anything of it is used: all of these keys must have signed it`;
  return [{ subject: `Fingerprints: ${base.signers.join(", ")}`, outcome: "used", reason }];
}

const setupDecision: Decision = {
  subject: "%setup",
  outcome: "used",
  reason:
    "runs inside the image, in a copy of the repository: nothing that a repository brings runs on this machine itself",
};

interface StageContext {
  readonly file: ConfigFile;
  readonly options: ContainerPlanOptions;
  readonly earlier: readonly Stage[];
}

function planStage(written: DefinitionStage, { file, options, earlier }: StageContext): Stage {
  const name = written.headers["stage"] ?? String(earlier.length);
  if (earlier.some((stage) => stage.name === name)) {
    throw invalidFile(file.path, `there are two stages ${name}`, { line: written.line });
  }
  if (hasText(written, "pre")) {
    const line = written.sections.find((section) => section.name === "pre")?.line ?? written.line;
    throw invalidFile(file.path, "%pre runs on the machine that builds, which no repository may", {
      line,
      hint: "move it to %post",
    });
  }
  const { base, groups } = planBootstrap(written, file);
  const known = base.kind === "image" ? options.describeBase(base.reference, base.signers) : undefined;
  const config = { ...(known ?? emptyConfig), workingDir: "/", user: "", onBuild: [] };
  const context: FilesContext = { file, tree: options.tree, earlier: earlier.map((stage) => stage.name) };
  const files = written.sections.filter((section) => section.name === "files");
  const planned = [
    ...groups,
    ...files.filter(isFromStage).map((section) => planFiles(section, context)),
    planSetup(written, config),
    ...files.filter((section) => !isFromStage(section)).map((section) => planFiles(section, context)),
    planPost(written, config),
    ...appNames(written).map((app) => planApp(app, written, { ...context, config })),
  ];
  return {
    name,
    base,
    groups: planned.filter((group) => group !== undefined),
    config: { ...config, labels: { ...config.labels, ...parseLabels(sectionText(written, "labels") ?? "") } },
  };
}

function targetOf(stages: readonly Stage[], file: ConfigFile, wanted: string | undefined): Stage {
  const found = wanted === undefined ? stages.at(-1) : stages.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = stages.map(({ name }) => name).join(", ");
  throw invalidFile(file.path, `there is no stage ${wanted ?? ""}`, { hint: `--target takes one of ${names}` });
}

function hasText(stage: DefinitionStage, section: string): boolean {
  return (sectionText(stage, section) ?? "").trim() !== "";
}

/** Where `%setup` finds the repository. */
const setupFolder = "/run/repo2singularity/setup";

function planSetup(stage: DefinitionStage, config: ImageConfig): ContainerGroup | undefined {
  const section = stage.sections.find(({ name }) => name === "setup");
  if (section === undefined || !hasText(stage, "setup")) return undefined;
  const run = runStep("%setup", sectionText(stage, "setup") ?? "", config);
  const mount = { kind: "bind", from: { kind: "context" }, source: ".", target: setupFolder } as const;
  return { line: section.line, title: "%setup", steps: [{ ...run, cwd: setupFolder, mounts: [mount] }] };
}

/** `%post` finds the folder of the file that it may write variables to. */
function planPost(stage: DefinitionStage, config: ImageConfig): ContainerGroup | undefined {
  const section = stage.sections.find(({ name }) => name === "post");
  if (section === undefined || !hasText(stage, "post")) return undefined;
  const script = `${inheritedEnvironment(config)}${sectionText(stage, "post") ?? ""}`;
  const run = runStep("%post", script, config);
  const own = interpreterOf(section);
  return {
    line: section.line,
    title: "%post",
    steps: [
      { kind: "folder", title: "Make /.singularity.d/env", path: "/.singularity.d/env" },
      own === undefined ? run : { ...run, argv: own },
    ],
  };
}

/** The program that `-c` names, with its arguments. */
function interpreterOf({ args }: Section): string[] | undefined {
  return args[0] === "-c" && args.length > 1 ? args.slice(1) : undefined;
}

function runStep(title: string, script: string, config: ImageConfig): Extract<ContainerStep, { kind: "run" }> {
  const env = stepEnvironment(config.environment);
  return { kind: "run", title, argv: ["/bin/sh", "-ex"], script, env, cwd: "/", user: "", network: true, mounts: [] };
}

/** What a base that was a SIF exports, which programs of its image see, and so those of `%post`. */
function inheritedEnvironment({ singularityFiles }: ImageConfig): string {
  const scripts = Object.entries(singularityFiles).filter(([path]) => /^env\/(?:10|90|91)-/.test(path));
  const text = scripts.map(([, content]) => content).join("\n");
  return text === "" ? "" : `set +ex\n${text}\nset -ex\n`;
}

function textsOf(stage: DefinitionStage, definition: string): DefinitionTexts {
  const script = (name: string): string | undefined => {
    const body = sectionText(stage, name);
    if (body === undefined) return undefined;
    const section = stage.sections.find((one) => one.name === name);
    const own = section === undefined ? undefined : interpreterOf(section);
    return `#!${own?.join(" ") ?? "/bin/sh"}\n\n${body}`;
  };
  const texts = {
    environment: sectionText(stage, "environment"),
    runscript: script("runscript"),
    startscript: script("startscript"),
    test: script("test"),
    help: sectionText(stage, "help"),
    appsEnvironment: appsEnvironment(appNames(stage)),
  };
  const present = Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { definition, headers: { ...stage.headers }, ...Object.fromEntries(present) };
}
