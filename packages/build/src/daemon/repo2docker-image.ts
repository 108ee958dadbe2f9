import path from "node:path";
import { AppError } from "@repo2singularity/base";
import type { RepoTree } from "@repo2singularity/recipe";
import type { BuildDependencies, BuildRequest } from "../pipeline/build-request.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import { daemonWishes } from "./daemon-wishes.ts";
import type { Docker } from "./docker.ts";
import { runBuildProgram } from "./docker-build.ts";
import { findDockerImage, removeDockerImage, renameDockerImage } from "./docker-images.ts";
import { daemonImageName, imageOfConfig, type MadeImage } from "./made-image.ts";
import type { Repo2dockerProgram } from "./repo2docker-program.ts";

/** The user that repo2docker makes in images by default, and refuses to name when root runs it. */
const imageUser = ["--user-id=1000", "--user-name=jovyan"];

/**
 * Has the real repo2docker build a checkout in the daemon.
 * @throws E_DAEMON_UNAVAILABLE without the plugin that it builds with; E_STEP_FAILED with its last lines
 */
export async function buildRepo2dockerImage(
  request: BuildRequest,
  docker: Docker,
  deps: Pick<BuildDependencies, "signal" | "store"> & {
    readonly tree: RepoTree;
    findRepo2docker(): Promise<Repo2dockerProgram>;
  },
  phases: PhaseReporter,
): Promise<MadeImage> {
  const { checkout, container } = request;
  if (!docker.hasBuildx) {
    throw new AppError("E_DAEMON_UNAVAILABLE", "repo2docker needs docker's plugin buildx, which is not there", {
      hint: "install it, on Debian with: apt-get install docker-buildx; or leave out --builder",
    });
  }
  const described = { images: [], reason: "repo2docker decides how its image is made" };
  const wishes = await daemonWishes(described, deps.tree, request, phases);
  const name = daemonImageName(checkout.name);
  const { signal, store } = deps;
  return phases.run("repo2docker", "repo2docker", async (phase) => {
    const program = await deps.findRepo2docker();
    phase.detail = program.version;
    // it builds nothing when an image of the name is there, whatever that was made from
    const unfinished = name.replace(/latest$/, path.basename(await store.makeScratchFolder()));
    const buildArgs = Object.entries(container?.buildArgs ?? {}).map(([key, value]) => `--build-arg=${key}=${value}`);
    const network = "--DockerEngine.extra_buildx_build_args=--network=host"; // as our own steps; see runDockerBuild
    const args = ["--no-run", `--image-name=${unfinished}`, ...imageUser, network, ...buildArgs, checkout.directory];
    try {
      await runBuildProgram(docker, program.command, [...program.args, ...args], {
        title: "repo2docker",
        env: { ...docker.env, ...program.env, BUILDX_BUILDER: undefined },
        signal,
        onLine: (line) => phase.log(line),
      });
      await renameDockerImage(docker, { from: unfinished, to: name }, signal);
    } catch (error) {
      await removeDockerImage(docker, unfinished);
      throw error;
    }
    const image = await findDockerImage(docker, name, signal);
    if (image === undefined) throw new TypeError(`repo2docker ended well, but ${name} is not in the daemon`);
    const builder = `repo2docker ${program.version}`;
    return imageOfConfig(image, { name, family: "repo2docker", builder, wishes }, request);
  });
}
