import type { Recipe, Step } from "@repo2singularity/contracts";
import { environmentScript } from "../runtime/environment-script.ts";
import { runScript } from "../runtime/run-script.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { uvImage } from "../scripts/tools.ts";
import { dockerImageOf } from "./base-image.ts";
import { quoteWord } from "./dockerfile-word.ts";
import { chooseDelimiter, endLine } from "./heredoc.ts";
import { sharedStepEnvironment, stepPrologue } from "./step-environment.ts";

/**
 * A recipe as a Dockerfile for BuildKit, to be built with the repository as its context. It holds all that our own
 * build does; the image starts the same programs, as uid 1000 and on every address of the container.
 * @throws E_USAGE when the base is not an image of a registry
 */
export function renderDockerfile(recipe: Recipe): string {
  const shared = sharedStepEnvironment(recipe);
  const parts = [
    `# syntax=docker/dockerfile:1\n# Made by repo2singularity; build it with: docker build -f THIS_FILE FOLDER_OF_THE_REPOSITORY`,
    `FROM ${dockerImageOf(recipe.base)}`,
    `COPY --from=${uvImage} /uv /usr/local/bin/uv`,
    // Arguments are variables of the build that the image does not keep.
    [...shared].map(([name, value]) => `ARG ${name}=${quoteWord(value)}`).join("\n"),
    renderEnvironment(recipe),
    ...recipe.groups.map(({ name, title, steps }) => {
      return [`# ---- ${name}: ${title}`, ...steps.map((step) => renderStep(step, shared))].join("\n\n");
    }),
    renderEnd(recipe),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function renderEnvironment(recipe: Recipe): string {
  const variables = Object.entries({ ...recipe.environment, ...recipe.ownVariables }).map(
    ([name, value]) => `${name}=${quoteWord(value)}`,
  );
  const path = `PATH=${[...recipe.pathPrefix, "$PATH"].join(":")}`;
  return `ENV ${[...variables, path].join(" \\\n    ")}`;
}

function renderStep(step: Step, shared: ReadonlyMap<string, string>): string {
  switch (step.kind) {
    case "copy":
      return step.paths.map((path) => `COPY ${JSON.stringify([path, copyTarget(path, step.destination)])}`).join("\n");
    case "write":
      return renderFile(step.path, step.content, step.mode, step.title);
    case "run": {
      const mounts = step.caches
        .map((name) => ` --mount=type=cache,target=/run/repo2singularity/cache/${name}`)
        .join("");
      const interpreter = step.interpreter === "sh" ? "#!/bin/sh -e" : "#!/usr/bin/env python3";
      // With a first line of its own BuildKit runs the text as a file, which has no limit of length.
      const prologue = step.interpreter === "sh" ? stepPrologue(step, shared) : "";
      const body = `${interpreter}\n${prologue}${endLine(step.script)}`;
      const delimiter = chooseDelimiter("R2S_STEP", body);
      return `# ${step.title}\nRUN${mounts} <<'${delimiter}'\n${body}${delimiter}`;
    }
    default:
      return step satisfies never;
  }
}

function copyTarget(path: string, destination: string): string {
  return path === "." ? `${destination}/` : `${destination}/${path}`;
}

function renderFile(path: string, content: string, mode: number, title: string): string {
  const delimiter = chooseDelimiter("R2S_FILE", content);
  // 644 is what such a file has without being told; being told, BuildKit closes the folders it makes to all but root
  const chmod = mode === 0o644 ? "" : `--chmod=${mode.toString(8)} `;
  const copy = `COPY ${chmod}<<'${delimiter}' ${path}`;
  return `# ${title}\n${copy}\n${endLine(content)}${delimiter}`;
}

/** The image's own start: the same two scripts that a SIF has, and a user, since Jupyter refuses to be root. */
function renderEnd(recipe: Recipe): string {
  const environment = `${imageLayout.programs}/environment.sh`;
  const entrypoint = `${imageLayout.programs}/entrypoint`;
  const labels = Object.entries(recipe.labels).map(([name, value]) => `LABEL ${quoteWord(name)}=${quoteWord(value)}`);
  const start = runScript.replace(/^#!.*\n/, (line) => `${line}. ${environment}\n`);
  return [
    "# ---- start",
    renderFile(environment, environmentScript(recipe), 0o644, "Write the environment"),
    renderFile(entrypoint, start, 0o755, "Write the entrypoint"),
    [...labels, `WORKDIR ${recipe.repoDir}`, "USER 1000:1000", "ENV USER=jovyan", "EXPOSE 8888"].join("\n"),
    `ENTRYPOINT ${JSON.stringify([entrypoint])}\nCMD ${JSON.stringify([...recipe.command, "--ip=0.0.0.0"])}`,
  ].join("\n\n");
}
