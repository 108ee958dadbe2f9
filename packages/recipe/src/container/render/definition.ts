import { shellQuote } from "@repo2singularity/base";
import type { ContainerRecipe, ContainerStep, Stage } from "@repo2singularity/contracts";
import { bootstrapOf } from "../../render/base-image.ts";
import { renderPost, writePieces } from "../../render/post-section.ts";

type Step<Kind extends ContainerStep["kind"]> = Extract<ContainerStep, { kind: Kind }>;

/**
 * A container file's plan as an Apptainer definition file, to be built in the repository's folder: a definition file as
 * it is written, its templates filled in; a Dockerfile as stages, each with its copies first and one `%post`.
 */
export function renderContainerDefinition(recipe: ContainerRecipe): string {
  if (recipe.texts !== undefined) return recipe.texts.definition;
  const head = `# Made by repo2singularity from ${recipe.file}; build it in the repository's folder with: apptainer build NAME.sif THIS_FILE\n`;
  const last = recipe.stages.at(-1);
  return [head, ...recipe.stages.map((stage) => renderStage(stage, recipe)), last === undefined ? "" : renderEnd(last)]
    .filter((part) => part !== "")
    .join("\n");
}

/** A stage that starts from another one repeats it: definition files start from images only. */
function renderStage(stage: Stage, recipe: ContainerRecipe): string {
  const chain = [stage];
  for (let first = stage; first.base.kind === "stage";) {
    const { name } = first.base;
    const below = recipe.stages.find((one) => one.name === name);
    if (below === undefined) break;
    chain.unshift(below);
    first = below;
  }
  const base = chain[0]?.base ?? stage.base;
  const { agent, from } = base.kind === "image" ? bootstrapOf(base.reference) : { agent: "scratch", from: "" };
  const header = [`Bootstrap: ${agent}`, ...(from === "" ? [] : [`From: ${from}`]), `Stage: ${stage.name}`].join("\n");
  const steps = chain.flatMap(({ groups }) => groups.flatMap((group) => group.steps));
  const pieces = steps.flatMap(postPieces);
  return [`${header}\n`, ...renderFiles(steps), ...(pieces.length === 0 ? [] : [renderPost(pieces)])].join("\n");
}

function renderFiles(steps: readonly ContainerStep[]): string[] {
  const copies = steps.filter((step) => step.kind === "copy");
  const origins = [...new Set(copies.map((step) => (step.from.kind === "stage" ? ` from ${step.from.name}` : "")))];
  return origins.map((origin) => {
    const lines = copies
      .filter((step) => (step.from.kind === "stage" ? ` from ${step.from.name}` : "") === origin)
      .flatMap((step) => step.sources.map((source) => `    ${copyLine(source, step)}\n`));
    return `%files${origin}\n${lines.join("")}`;
  });
}

/** An image that files are copied from has no stage here, and is named in a comment. */
function copyLine(source: string, { from, destination }: Step<"copy">): string {
  const root = from.kind === "context" ? "" : "/";
  const line = `${quote(`${root}${source.replace(/^\/+/, "")}`)} ${quote(destination)}`;
  return from.kind === "image" ? `# of the image ${from.reference}: ${line}` : line;
}

function quote(path: string): string {
  return /\s/.test(path) ? `"${path}"` : path;
}

function postPieces(step: ContainerStep): readonly string[] {
  switch (step.kind) {
    case "copy":
      return [`# ${oneLine(step.title)}: see %files\n`];
    case "folder":
      return [`mkdir -p ${shellQuote(step.path)}\n`];
    case "write":
      return [...writePieces(step.path, step.content), `chmod ${step.mode.toString(8)} ${shellQuote(step.path)}\n`];
    case "fetch": {
      const target = step.destination.endsWith("/") ? `${step.destination}fetched` : step.destination;
      const check =
        step.checksum === undefined
          ? ""
          : `echo "${step.checksum.slice("sha256:".length)}  ${target}" | sha256sum -c -\n`;
      return [
        `curl -fsSL -o ${shellQuote(target)} ${shellQuote(step.url)}\n${check}chmod ${step.mode.toString(8)} ${shellQuote(target)}\n`,
      ];
    }
    case "run":
      return runPieces(step);
    default:
      return step satisfies never;
  }
}

const stepFile = "/run/repo2singularity-step";

function runPieces(step: Step<"run">): readonly string[] {
  const script = `${stepFile}-script`;
  const exports = Object.entries(step.env).map(([name, value]) => `export ${name}=${shellQuote(value)}\n`);
  const words = [...step.argv, ...(step.script === undefined ? [] : [script])]
    .map((word) => shellQuote(word))
    .join(" ");
  const body = `${exports.join("")}cd ${shellQuote(step.cwd)}\nexec ${words}\n`;
  return [
    `\n# ${oneLine(step.title)}\n`,
    ...(step.script === undefined ? [] : [...writePieces(script, step.script), `chmod 755 ${script}\n`]),
    ...writePieces(stepFile, body),
    `/bin/sh -e ${stepFile} </dev/null\nrm -f ${stepFile} ${script}\n`,
  ];
}

function oneLine(text: string): string {
  return text.replaceAll("\n", " ");
}

/** What the image runs, and its variables. */
function renderEnd({ config }: Stage): string {
  const exports = Object.entries(config.environment).map(
    ([name, value]) => `    export ${name}=${shellQuote(value)}\n`,
  );
  const labels = Object.entries(config.labels).map(([name, value]) => `    ${name} ${oneLine(value)}\n`);
  const entrypoint = config.entrypoint.map((word) => shellQuote(word)).join(" ");
  const cmd = config.cmd.map((word) => shellQuote(word)).join(" ");
  const command = cmd === "" && entrypoint === "" ? "/bin/sh" : cmd;
  const run = `    [ $# -gt 0 ] || set -- ${command}\n    exec ${entrypoint === "" ? "" : `${entrypoint} `}"$@"\n`;
  return [
    exports.length === 0 ? "" : `%environment\n${exports.join("")}`,
    `%runscript\n${run}`,
    labels.length === 0 ? "" : `%labels\n${labels.join("")}`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}
