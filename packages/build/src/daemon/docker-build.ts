import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError, isAppError } from "@repo2singularity/base";
import type { Docker } from "./docker.ts";

/** A `docker build`. */
export interface DockerBuild {
  /** The folder that is the build's context. */
  readonly context: string;
  /** Of the host, absolute. */
  readonly dockerfile: string;
  /** Tag of the result. */
  readonly name: string;
  /** Flags besides, such as `--target=x`. */
  readonly flags: readonly string[];
  /** A private folder. */
  readonly scratchDir: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Lines of output that an error carries. */
const keptLines = 40;

/**
 * Builds an image. Its steps use the network of the daemon's host, as those of our executors do: mirrors and proxies may
 * listen on loopback there. An abort ends the build in the daemon too, which removes what it had running.
 * @returns the image's id
 * @throws E_STEP_FAILED with the last lines of the build
 */
export async function runDockerBuild(docker: Docker, build: DockerBuild): Promise<string> {
  const { env, hasBuildKit } = docker;
  const idFile = path.join(build.scratchDir, "image-id");
  const common = [
    "build",
    "--network=host",
    `--file=${build.dockerfile}`,
    `--tag=${build.name}`,
    `--iidfile=${idFile}`,
  ];
  const own = hasBuildKit ? ["--progress=plain"] : ["--force-rm"];
  await runBuildProgram(docker, "docker", [...common, ...own, ...build.flags, build.context], {
    title: "docker build",
    // the default builder is the daemon's own, which alone has the images that lie there
    env: { ...env, DOCKER_BUILDKIT: hasBuildKit ? "1" : "0", BUILDX_BUILDER: undefined },
    signal: build.signal,
    onLine: build.onLine,
  });
  return (await readFile(idFile, "utf8")).trim();
}

/**
 * Runs a program that makes an image.
 * @throws E_STEP_FAILED with its last lines when it ends with a status other than 0
 */
export async function runBuildProgram(
  docker: Docker,
  command: string,
  args: readonly string[],
  options: {
    /** What people call it. */
    readonly title: string;
    readonly env: Docker["env"];
    readonly signal: AbortSignal;
    readonly onLine: (line: string) => void;
  },
): Promise<void> {
  const { title, env, signal } = options;
  const lastLines: string[] = [];
  const onLine = (line: string): void => {
    options.onLine(line);
    lastLines.push(line);
    if (lastLines.length > keptLines) lastLines.shift();
  };
  try {
    await docker.runner(command, args, { env, signal, onLine, endsDescendants: true });
  } catch (error) {
    if (!isAppError(error, "E_PROCESS_FAILED")) throw error;
    const exitCode = error.data?.["exitCode"];
    throw new AppError("E_STEP_FAILED", `${title} ended with status ${String(exitCode)}`, {
      data: { step: title, exitCode, lastLines },
      hint: "mend what its last lines say; --debug shows all of its output",
    });
  }
}
