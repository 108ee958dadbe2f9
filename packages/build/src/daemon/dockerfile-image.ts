import { writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import type { RepoTree } from "@repo2singularity/recipe";
import { dockerfileImages } from "@repo2singularity/recipe/container";
import type { FoundContainerFile } from "../container/find-container-file.ts";
import type { BuildDependencies, BuildRequest, ContainerRequest } from "../pipeline/build-request.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import { ensureDaemonBase } from "./daemon-base.ts";
import type { BuildSecrets } from "../secret/build-secrets.ts";
import type { Docker } from "./docker.ts";
import { runDockerBuild } from "./docker-build.ts";
import { findDockerImage } from "./docker-images.ts";
import { daemonWishes } from "./daemon-wishes.ts";
import { daemonImageName, imageOfConfig, type MadeImage } from "./made-image.ts";

/**
 * Has the daemon build a repository's own Dockerfile, as it stands, with the repository as its context.
 * @throws E_USAGE for definition files, and for flags that the daemon's builder does not know; E_STEP_FAILED
 */
export async function buildDockerfileImage(
  found: FoundContainerFile,
  request: BuildRequest,
  docker: Docker,
  deps: BuildDependencies & { readonly tree: RepoTree },
  phases: PhaseReporter,
): Promise<MadeImage> {
  const { checkout, platform } = request;
  if (found.family !== "dockerfile") {
    throw new AppError("E_USAGE", `${found.file.path} is a definition file, which docker does not build`, {
      hint: "leave out --builder",
    });
  }
  const { path: file } = found.file;
  const images = dockerfileImages(found.file, { platform, buildArgs: request.container?.buildArgs ?? {} });
  const described = { images, reason: `${file} describes the whole image` };
  const wishes = await daemonWishes(described, deps.tree, request, phases);
  const name = daemonImageName(checkout.name);
  const scratchDir = await deps.store.makeScratchFolder();
  const { container: choices } = request;
  const flags =
    choices === undefined
      ? []
      : [
          ...plainFlags(choices),
          ...(await contextFlags(found, choices, docker, deps, phases)),
          ...(await secretFlags(request.secrets ?? new Map(), scratchDir, docker)),
        ];
  const id = await phases.run("docker", "Docker image", (phase) =>
    runDockerBuild(docker, {
      context: checkout.directory,
      dockerfile: path.join(checkout.directory, file),
      name,
      flags,
      scratchDir,
      signal: deps.signal,
      onLine: (line) => phase.log(line),
    }),
  );
  const image = await findDockerImage(docker, id, deps.signal);
  if (image === undefined) throw new TypeError(`the image ${id} is gone right after it was built`);
  return imageOfConfig(image, { name, family: "dockerfile", builder: "docker", wishes }, request);
}

function plainFlags({ buildArgs, target }: ContainerRequest): readonly string[] {
  const values = Object.entries(buildArgs).map(([name, value]) => `--build-arg=${name}=${value}`);
  return target === undefined ? values : [...values, `--target=${target}`];
}

/** Bases that stand in for images that the file names. */
async function contextFlags(
  { file }: FoundContainerFile,
  { images }: ContainerRequest,
  docker: Docker,
  deps: BuildDependencies,
  phases: PhaseReporter,
): Promise<readonly string[]> {
  const flags: string[] = [];
  // a configuration may name many images that this file has nothing to do with
  for (const [image, reference] of Object.entries(images).filter(([name]) => file.text.includes(name))) {
    if (!docker.takesContexts) throw unableTo(`put another base in the place of ${image}`, docker);
    const base = await phases.run(`base ${image}`, `Base ${image}`, async (phase) => {
      const resolved = await deps.resolveBase(phase, { reference, cwd: "/" }); // its paths are absolute
      return ensureDaemonBase(docker, resolved, phase, deps.signal);
    });
    flags.push(`--build-context=${image}=docker-image://${base}`);
  }
  return flags;
}

/** Secrets go through files that only this user may read, so that none stands on a command line. */
async function secretFlags(secrets: BuildSecrets, scratchDir: string, docker: Docker): Promise<readonly string[]> {
  const flags: string[] = [];
  for (const [id, secret] of secrets) {
    if (!docker.hasBuildKit) throw unableTo(`give the secret ${id} to a step`, docker);
    const file = path.join(scratchDir, `secret-${id}`);
    await writeFile(file, secret.reveal(), { mode: 0o600 });
    flags.push(`--secret=id=${id},src=${file}`);
  }
  return flags;
}

function unableTo(what: string, { serverVersion }: Docker): AppError {
  return new AppError(
    "E_DAEMON_UNAVAILABLE",
    `docker ${serverVersion} cannot ${what} here: docker 23.0 or later with its plugin buildx is expected`,
    { hint: "install those, on Debian with: apt-get install docker-buildx; or leave out --builder" },
  );
}
