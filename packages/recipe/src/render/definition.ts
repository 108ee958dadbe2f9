import { shellQuote } from "@repo2singularity/base";
import type { Recipe, Step } from "@repo2singularity/contracts";
import { environmentScript } from "../runtime/environment-script.ts";
import { runScript } from "../runtime/run-script.ts";
import { uvImage } from "../scripts/tools.ts";
import { bootstrapOf } from "./base-image.ts";
import { renderPost, writePieces } from "./post-section.ts";
import { allSteps, sharedStepEnvironment, stepPrologue } from "./step-environment.ts";

/** How a definition file gets what it cannot make itself. */
export interface DefinitionOptions {
  /** Path of a uv program on the machine that builds; when left out it is taken from uv's own image. */
  readonly uvFile?: string;
}

/**
 * A recipe as an Apptainer definition file, to be built in the repository's folder. It holds all that our own build
 * does, in one `%post`; files are copied first, as `%files` always is, which changes nothing.
 */
export function renderDefinition(recipe: Recipe, options: DefinitionOptions = {}): string {
  const { agent, from } = bootstrapOf(recipe.base);
  const [uvRegistryImage, uvSection] =
    options.uvFile === undefined
      ? [`Bootstrap: docker\nFrom: ${uvImage}\nStage: uv\n`, "%files from uv\n    /uv /usr/local/bin/uv\n"]
      : ["", `%files\n    ${quotePath(options.uvFile)} /usr/local/bin/uv\n`];
  const labels = Object.entries(recipe.labels).map(([name, value]) => `    ${name} ${value}\n`);
  const sections = [
    "# Made by repo2singularity; build it in the repository's folder with: apptainer build NAME.sif THIS_FILE\n",
    uvRegistryImage,
    `Bootstrap: ${agent}\nFrom: ${from}\nStage: final\n`,
    uvSection,
    renderFiles(allSteps(recipe)),
    renderPost(postPieces(recipe)),
    `%environment\n${environmentScript(recipe)}`,
    `%runscript\n${runScript}`,
    `%startscript\n${runScript}`,
    labels.length === 0 ? "" : `%labels\n${labels.join("")}`,
  ];
  return sections.filter((section) => section !== "").join("\n");
}

/** The whole repository covers every single file that a step copies. */
function renderFiles(steps: readonly Step[]): string {
  const copies = steps.filter((step) => step.kind === "copy");
  const whole = copies.filter(({ paths }) => paths.includes("."));
  const lines = (whole.length > 0 ? whole : copies).flatMap(({ paths, destination }) => {
    return paths.map(
      (path) => `    ${quotePath(path)} ${path === "." ? destination : quotePath(`${destination}/${path}`)}\n`,
    );
  });
  return lines.length === 0 ? "" : `%files\n${[...new Set(lines)].join("")}`;
}

/** Words of `%files` are split at white space; a backslash keeps it. */
function quotePath(path: string): string {
  return path.replaceAll(/[\s\\]/g, String.raw`\$&`);
}

/** Pieces of sh, each whole by itself, so that a section may end between any two. */
function postPieces(recipe: Recipe): readonly string[] {
  const shared = sharedStepEnvironment(recipe);
  const exports = [...Object.entries(recipe.environment), ...shared].map(
    ([name, value]) => `export ${name}=${shellQuote(value)}\n`,
  );
  const caches = new Set(allSteps(recipe).flatMap((step) => (step.kind === "run" ? step.caches : [])));
  const folders = [...caches].map((name) => `/run/repo2singularity/cache/${name}`);
  return [
    `${exports.join("")}export PATH=${recipe.pathPrefix.join(":")}:"$PATH"\n`,
    `mkdir -p /run/repo2singularity ${folders.join(" ")}\n`,
    ...recipe.groups.flatMap(({ name, title, steps }) => {
      return [`\n# ---- ${name}: ${title}\n`, ...steps.flatMap((step) => stepPieces(step, shared))];
    }),
    "\nrm -rf /run/repo2singularity /usr/local/bin/uv\n",
  ];
}

function stepPieces(step: Step, shared: ReadonlyMap<string, string>): readonly string[] {
  switch (step.kind) {
    case "copy":
      return [`# ${step.title}: see %files\n`];
    case "write":
      return [
        `\n# ${step.title}\n`,
        ...writePieces(step.path, step.content),
        `chmod ${step.mode.toString(8)} ${shellQuote(step.path)}\n`,
      ];
    case "run": {
      const file = "/run/repo2singularity/step";
      const isShell = step.interpreter === "sh";
      const body = isShell ? stepPrologue(step, shared) + step.script : step.script;
      const run = `${isShell ? "/bin/sh -e" : "python3"} ${file} </dev/null\n`;
      return [`\n# ${step.title}\n`, ...writePieces(file, body), run];
    }
    default:
      return step satisfies never;
  }
}
