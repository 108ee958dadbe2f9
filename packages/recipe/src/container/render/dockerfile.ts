import type { ContainerRecipe, ContainerStep, FileOrigin, Stage, StepMount } from "@repo2singularity/contracts";
import { dockerImageOf } from "../../render/base-image.ts";
import { quoteWord } from "../../render/dockerfile-word.ts";
import { chooseDelimiter, endLine } from "../../render/heredoc.ts";
import { hasWildcard } from "../glob.ts";

type Step<Kind extends ContainerStep["kind"]> = Extract<ContainerStep, { kind: Kind }>;

/**
 * A container file's plan as a Dockerfile for BuildKit, to be built with the repository as its context: arguments filled
 * in, stages that nothing needs left out.
 * @throws E_USAGE when a base is not an image of a registry
 */
export function renderContainerDockerfile(recipe: ContainerRecipe): string {
  const head = `# syntax=docker/dockerfile:1\n# Made by repo2singularity from ${recipe.file}`;
  const stages = recipe.stages.map((stage) => new StageText(stage).render());
  const end = recipe.texts === undefined ? "" : renderTexts(recipe.texts);
  return `${[head, ...stages, end].filter((part) => part !== "").join("\n\n")}\n`;
}

/** Writes one stage; remembers what the lines so far have set, so that each thing is said once. */
class StageText {
  readonly #stage: Stage;
  readonly #lines: string[] = [];
  #variables: Readonly<Record<string, string>> = {};
  #folder = "";
  #user = "";

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  render(): string {
    const { name, base, groups, config } = this.#stage;
    const from =
      base.kind === "image" ? dockerImageOf(base.reference) : base.kind === "stage" ? stageName(base.name) : "scratch";
    this.#lines.push(`FROM ${from} AS ${stageName(name)}`);
    for (const step of groups.flatMap(({ steps }) => steps)) this.#step(step);
    this.#setVariables(config.environment);
    this.#setPlace(config.workingDir, config.user);
    for (const [label, value] of Object.entries(config.labels))
      this.#lines.push(`LABEL ${quoteWord(label)}=${quoteWord(value)}`);
    if (config.entrypoint.length > 0) this.#lines.push(`ENTRYPOINT ${JSON.stringify(config.entrypoint)}`);
    if (config.cmd.length > 0) this.#lines.push(`CMD ${JSON.stringify(config.cmd)}`);
    return this.#lines.join("\n");
  }

  #step(step: ContainerStep): void {
    switch (step.kind) {
      case "run":
        this.#setVariables(step.env);
        this.#setPlace(step.cwd, step.user);
        this.#lines.push(renderRun(step));
        return;
      case "folder":
        this.#setPlace(step.path, this.#user);
        return;
      case "copy":
        this.#lines.push(renderCopy(step));
        return;
      case "fetch":
        this.#lines.push(renderFetch(step));
        return;
      case "write": {
        const delimiter = chooseDelimiter("R2S_FILE", step.content);
        const copy = `COPY --chmod=${step.mode.toString(8)} <<'${delimiter}' ${step.path}`;
        this.#lines.push(`${copy}\n${endLine(step.content)}${delimiter}`);
        return;
      }
      default:
        step satisfies never;
    }
  }

  /** Variables that the image keeps are set for good; the others, once arguments, stay arguments. */
  #setVariables(wanted: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(wanted)) {
      if (this.#variables[name] === value) continue;
      const isKept = Object.hasOwn(this.#stage.config.environment, name);
      this.#lines.push(`${isKept ? "ENV" : "ARG"} ${name}=${quoteWord(value)}`);
    }
    this.#variables = { ...this.#variables, ...wanted };
  }

  #setPlace(folder: string, user: string): void {
    if (folder !== this.#folder) this.#lines.push(`WORKDIR ${quotePath(folder)}`);
    if (user !== this.#user) this.#lines.push(`USER ${user === "" ? "root" : user}`);
    this.#folder = folder;
    this.#user = user;
  }
}

/** A number is no name for a stage. */
function stageName(name: string): string {
  return /^\d/.test(name) ? `stage-${name}` : name.toLowerCase();
}

function fromFlag(from: FileOrigin): string {
  if (from.kind === "context") return "";
  return ` --from=${from.kind === "stage" ? stageName(from.name) : dockerImageOf(from.reference)}`;
}

function renderCopy(step: Step<"copy">): string {
  const flags = [
    fromFlag(step.from),
    step.mode === undefined ? "" : ` --chmod=${step.mode.toString(8)}`,
    ...step.excludes.map((pattern) => ` --exclude=${pattern}`),
    step.keepsParents ? " --parents" : "",
  ].join("");
  return `${step.unpacks ? "ADD" : "COPY"}${flags} ${JSON.stringify([...step.sources.map(fromRoot), destinationOf(step)])}`;
}

function fromRoot(source: string): string {
  return source === "" ? "." : source;
}

/** Where `cp` would put a folder into another one, its name is written out, because COPY takes only what is in it. */
function destinationOf({ sources, destination, keepsFolder }: Step<"copy">): string {
  const [source = ""] = sources;
  if (!keepsFolder || !destination.endsWith("/") || hasWildcard(source)) return destination;
  return `${destination}${source.replace(/\/+$/, "").split("/").at(-1) ?? ""}`;
}

function renderFetch({ url, checksum, mode, unpacks, destination }: Step<"fetch">): string {
  const sum = checksum === undefined ? "" : ` --checksum=${checksum}`;
  return `ADD${sum} --chmod=${mode.toString(8)}${unpacks ? " --unpack" : ""} ${JSON.stringify([url, destination])}`;
}

function renderRun(step: Step<"run">): string {
  const flags = [...(step.network ? [] : [" --network=none"]), ...step.mounts.map(renderMount)].join("");
  if (step.script === undefined) return `RUN${flags} ${JSON.stringify(step.argv)}`;
  const body = step.argv.length === 0 ? step.script : `#!${step.argv.join(" ")}\n${step.script}`;
  const delimiter = chooseDelimiter("R2S_STEP", body);
  return `RUN${flags} <<'${delimiter}'\n${endLine(body)}${delimiter}`;
}

function renderMount(mount: StepMount): string {
  const options = (): string[] => {
    switch (mount.kind) {
      case "cache":
        return [`id=${mount.id}`, `target=${mount.target}`];
      case "tmpfs":
        return [`target=${mount.target}`];
      case "bind":
        return [
          `source=${mount.source}`,
          `target=${mount.target}`,
          ...fromFlag(mount.from).replace(" --", "").split(" ").filter(Boolean),
        ];
      case "secret":
        return [
          `id=${mount.id}`,
          ...(mount.target === undefined ? [] : [`target=${mount.target}`]),
          ...(mount.variable === undefined ? [] : [`env=${mount.variable}`]),
          ...(mount.isRequired ? ["required=true"] : []),
        ];
    }
  };
  return ` --mount=${[`type=${mount.kind}`, ...options()].join(",")}`;
}

function quotePath(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : JSON.stringify(path);
}

/** A definition file's own scripts, started as its runtime would start them. */
function renderTexts(texts: NonNullable<ContainerRecipe["texts"]>): string {
  const file = (path: string, content: string): string => {
    const delimiter = chooseDelimiter("R2S_FILE", content);
    return `COPY --chmod=755 <<'${delimiter}' ${path}\n${endLine(content)}${delimiter}`;
  };
  const environment = "/.singularity.d/env/90-environment.sh";
  if (texts.runscript === undefined && texts.environment === undefined) return "";
  const start = `#!/bin/sh\n. ${environment}\nexec ${texts.runscript === undefined ? "" : "/.singularity.d/runscript "}"$@"\n`;
  return [
    file(environment, texts.environment ?? ""),
    ...(texts.runscript === undefined ? [] : [file("/.singularity.d/runscript", texts.runscript)]),
    file("/.singularity.d/start", start),
    'ENTRYPOINT ["/.singularity.d/start"]',
  ].join("\n");
}
