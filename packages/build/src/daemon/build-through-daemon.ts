import { AppError } from "@repo2singularity/base";
import { findContainerFile } from "../container/find-container-file.ts";
import type { BuildDependencies, BuildRequest, BuildResult } from "../pipeline/build-request.ts";
import { finishImage } from "../pipeline/finish-image.ts";
import { imageKey } from "../pipeline/image-record.ts";
import { PhaseReporter } from "../pipeline/phase.ts";
import { repoTree } from "../pipeline/plan-checkout.ts";
import { isKept } from "../pipeline/write-output.ts";
import { ensureDaemonLayer } from "./daemon-layer.ts";
import { type Docker, type DockerHost, openDocker } from "./docker.ts";
import { buildDockerfileImage } from "./dockerfile-image.ts";
import type { MadeImage } from "./made-image.ts";
import { buildRecipeImage } from "./recipe-image.ts";
import { buildRepo2dockerImage } from "./repo2docker-image.ts";
import type { Repo2dockerProgram } from "./repo2docker-program.ts";

/**
 * Who makes an image in a docker daemon in place of our own way: the daemon itself, from our recipe or the repository's
 * Dockerfile; or repo2docker.
 */
export type DaemonBuilder = "docker" | "repo2docker";

/** What a build through a daemon works with. */
export interface DaemonDependencies extends BuildDependencies {
  readonly docker: DockerHost;
  findRepo2docker(): Promise<Repo2dockerProgram>;
}

/**
 * Builds the image of a checkout through a docker daemon, whose cache decides what is done again. The daemon's image
 * comes as a stream, becomes a layer, and that an image of the same kind as any other: record, labels, scripts. It stays
 * in the daemon under a name of its own.
 * @throws E_DAEMON_UNAVAILABLE, E_STEP_FAILED, E_OUTPUT_EXISTS; what planning and bases throw
 */
export async function buildThroughDaemon(
  builder: DaemonBuilder,
  request: BuildRequest,
  deps: DaemonDependencies,
): Promise<BuildResult> {
  const { output, format, platform } = request;
  const phases = new PhaseReporter(deps.events, deps.now);
  const docker = await openDocker(deps.docker, deps.signal);
  if (docker.platform !== platform) {
    throw new AppError(
      "E_DAEMON_UNAVAILABLE",
      `the docker daemon builds for ${docker.platform}, expected ${platform}`,
      {
        hint: "name a daemon on a machine of this kind in DOCKER_HOST, or leave out --builder",
      },
    );
  }
  const made = await makeImage(builder, request, docker, deps, phases);
  const { texts, recipe, command } = made;
  const key = imageKey(recipe, `${made.id} ${Object.values(format).join(" ")}`, texts);
  const result = { path: output.path, key, labels: texts.labels, ...(command === undefined ? {} : { command }) };
  if (await isKept(output, key)) {
    phases.notice(`${output.path} is this very image: kept`);
    return { ...result, outcome: "kept" };
  }
  const layer = await phases.run("convert", "Layer", () =>
    ensureDaemonLayer(docker, made, { ...deps, format, platform }),
  );
  const { digest, layerPath, packages, sizeBytes } = layer;
  const image = {
    key,
    recipe,
    texts,
    base: made.base,
    packages: [packages],
    layers: [{ name: builder, key: made.id, digest, sizeBytes }],
    composition: { software: [{ digest, path: layerPath }], content: [] },
  };
  await finishImage(image, request, deps, phases);
  return { ...result, outcome: "built" };
}

async function makeImage(
  builder: DaemonBuilder,
  request: BuildRequest,
  docker: Docker,
  deps: DaemonDependencies,
  phases: PhaseReporter,
): Promise<MadeImage> {
  if (request.container?.addsJupyter === true) {
    throw new AppError("E_USAGE", `--jupyter and --builder ${builder} do not go together: it is laid upon our layers`, {
      hint: "leave out --builder, or install Jupyter in the Dockerfile",
    });
  }
  const { checkout, container } = request;
  const tree = await repoTree(checkout);
  if (builder === "repo2docker") {
    refuseSecrets(builder, request);
    return buildRepo2dockerImage(request, docker, { ...deps, tree }, phases);
  }
  const found = findContainerFile(checkout.directory, tree, container?.definition);
  if (found !== undefined) return buildDockerfileImage(found, request, docker, { ...deps, tree }, phases);
  refuseSecrets(builder, request);
  return buildRecipeImage(tree, request, docker, deps, phases);
}

/** Only a Dockerfile of one's own says which step gets a secret. */
function refuseSecrets(builder: DaemonBuilder, { secrets }: BuildRequest): void {
  const [id] = secrets?.keys() ?? [];
  if (id === undefined) return;
  throw new AppError("E_USAGE", `--secret ${id} and --builder ${builder} go together only for a Dockerfile`, {
    hint: "leave out --builder",
  });
}
