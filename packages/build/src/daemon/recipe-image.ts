import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { RepoTree } from "@repo2singularity/recipe";
import type { BuildDependencies, BuildRequest } from "../pipeline/build-request.ts";
import { imageLabels } from "../pipeline/image-record.ts";
import { imageTexts } from "../pipeline/image-texts.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import { planOnBase } from "../pipeline/plan-on-base.ts";
import { writeBuildContext } from "./build-context.ts";
import { ensureDaemonBase } from "./daemon-base.ts";
import type { Docker } from "./docker.ts";
import { runDockerBuild } from "./docker-build.ts";
import { builderLabel, daemonImageName, type MadeImage } from "./made-image.ts";

/**
 * Has the daemon build the recipe of a repository, on our own base.
 * @throws what planning and bases throw; E_STEP_FAILED with the last lines of the build
 */
export async function buildRecipeImage(
  tree: RepoTree,
  request: BuildRequest,
  docker: Docker,
  deps: BuildDependencies,
  phases: PhaseReporter,
): Promise<MadeImage> {
  const { checkout } = request;
  const { store, signal } = deps;
  const planned = await planOnBase(tree, request, deps, phases);
  const { recipe, base, basePath, timestampSeconds, day, command } = planned;
  const baseImage = await phases.run("import", "Base for the daemon", (phase) =>
    ensureDaemonBase(docker, base, phase, signal),
  );
  const name = daemonImageName(checkout.name);
  const id = await phases.run("docker", "Docker image", async (phase) => {
    const scratchDir = await store.makeScratchFolder();
    const context = path.join(scratchDir, "context");
    await mkdir(context);
    const setting = await deps.makeSetting(base, { day });
    const { hasBuildKit } = docker;
    const contents = { recipe, checkout, setting, baseImage, basePath, timestampSeconds, hasBuildKit };
    await writeBuildContext(context, contents);
    const dockerfile = path.join(context, "Dockerfile");
    const onLine = (line: string): void => phase.log(line);
    return runDockerBuild(docker, { context, dockerfile, name, flags: [], scratchDir, signal, onLine });
  });
  const labels = imageLabels(checkout, { ...recipe, labels: { ...recipe.labels, [builderLabel]: "docker" } });
  const texts = imageTexts(recipe, { labels, basePath, timestampSeconds });
  return { name, id, recipe, base: { reference: base.reference, digest: base.digest }, texts, command };
}
