import { realpathSync } from "node:fs";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import type { ContainerRecipe, ImageConfig } from "@repo2singularity/contracts";
import { stageOrigins } from "@repo2singularity/recipe/container";
import { parseBaseReference } from "../base/base-reference.ts";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { BuildDependencies } from "../pipeline/build-request.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import { referenceOf } from "./key-stages.ts";

/** The images that a container file names, each resolved once. */
export class BaseImages {
  readonly #images: Readonly<Record<string, string>>;
  readonly #directory: string;
  readonly #deps: BuildDependencies;
  readonly #phases: PhaseReporter;
  readonly #resolved = new Map<string, Promise<ResolvedBase>>();

  /**
   * @param images bases that take the place of images, by the file's name for them
   * @param directory the repository, in which the file's own paths lie
   */
  constructor(
    images: Readonly<Record<string, string>>,
    directory: string,
    deps: BuildDependencies,
    phases: PhaseReporter,
  ) {
    this.#images = images;
    this.#directory = directory;
    this.#deps = deps;
    this.#phases = phases;
  }

  /**
   * What an image says of itself.
   * @param signers see `Stage.base`
   */
  async describe(reference: string, signers?: readonly string[]): Promise<ImageConfig> {
    return (await this.#resolve(reference, signers)).config;
  }

  /** Every image that a recipe names, by reference. */
  async resolveAll(recipe: ContainerRecipe): Promise<ReadonlyMap<string, ResolvedBase>> {
    const ofSteps = recipe.stages.flatMap(stageOrigins).flatMap((one) => (one.kind === "image" ? [one.reference] : []));
    const ofStages = recipe.stages.filter(({ base }) => base.kind !== "stage");
    for (const { base } of ofStages) if (base.kind === "image") await this.#resolve(base.reference, base.signers);
    const references = [...new Set([...ofStages.map(referenceOf), ...ofSteps])];
    return new Map(await Promise.all(references.map(async (one) => [one, await this.#resolve(one)] as const)));
  }

  #resolve(reference: string, signers: readonly string[] = []): Promise<ResolvedBase> {
    const key = [reference, ...signers].join(" ");
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const name = reference.replace(/^docker:\/\//, "");
    const other = this.#images[name] ?? this.#images[withoutDefaults(name)];
    const asked =
      other === undefined
        ? { reference: this.#insideRepository(reference), cwd: this.#directory }
        : { reference: other, cwd: "/" }; // paths of the command line are absolute
    const work = this.#phases.run(`base ${name}`, `Base ${name}`, async (phase) => {
      const base = await this.#deps.resolveBase(phase, { ...asked, signers });
      for (const notice of base.notices) this.#phases.notice(notice);
      return base;
    });
    this.#resolved.set(key, work);
    return work;
  }

  /** A file that the repository names must lie in it, links followed. @throws E_PATH_ESCAPE */
  #insideRepository(reference: string): string {
    const named = /^(?:docker-archive|oci|oci-archive):(?<path>[^:]+)/.exec(reference)?.groups?.["path"];
    const isPath = parseBaseReference(reference, this.#directory).kind === "path";
    const file = named ?? (isPath ? reference : undefined);
    if (file === undefined) return reference;
    const root = realpathSync(this.#directory);
    const place = path.resolve(this.#directory, file);
    try {
      if (realpathSync(place).startsWith(`${root}/`)) return reference;
    } catch (cause) {
      throw new AppError("E_BASE_UNAVAILABLE", `${file}: there is no such image in the repository`, {
        hint: `name it with --build-context ${file}=FILE`,
        cause,
      });
    }
    throw new AppError("E_PATH_ESCAPE", `${file}: an image of the repository is expected, found one outside it`, {
      hint: `name it yourself with --build-context ${file}=FILE`,
    });
  }
}

/** `docker.io/library/debian:latest` is `debian`: the shortest way to write an image's name. */
function withoutDefaults(name: string): string {
  return name
    .replace(/^docker\.io\//, "")
    .replace(/^library\//, "")
    .replace(/:latest$/, "");
}
