import { AppError, isAppError, type ProcessRunner, type ProcessStreamer } from "@repo2singularity/base";

/** How the docker client is run. */
export interface DockerHost {
  readonly runner: ProcessRunner;
  readonly streamer: ProcessStreamer;
  /** The user's own: it says where the daemon is (`DOCKER_HOST`, `DOCKER_CONTEXT`) and how to log in to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a docker daemon that answers can do, and the client in front of it. */
interface DockerFacts {
  readonly serverVersion: string;
  /** Of the daemon's machine, such as `linux/amd64`. */
  readonly platform: string;
  /** BuildKit, else the classic builder, which knows neither mounts nor secrets. */
  readonly hasBuildKit: boolean;
  /** The plugin without which clients since 23.0 have no BuildKit. */
  readonly hasBuildx: boolean;
  /** Whether `--build-context` may give a Dockerfile another base: the daemon's own BuildKit does since 23.0. */
  readonly takesContexts: boolean;
}

/** A docker daemon that answers. */
export interface Docker extends DockerHost, DockerFacts {}

const askTimeoutMs = 30_000;

/** Finds a daemon to work with. @throws E_DAEMON_UNAVAILABLE with what mends it */
export async function openDocker(host: DockerHost, signal: AbortSignal): Promise<Docker> {
  return { ...host, ...(await askDocker(host, signal)) };
}

/**
 * Finds the docker client and asks whether its daemon answers.
 * @throws E_DAEMON_UNAVAILABLE with what mends it
 */
export async function askDocker(
  { runner, env }: Pick<DockerHost, "runner" | "env">,
  signal: AbortSignal,
): Promise<DockerFacts> {
  const options = { env, signal, timeoutMs: askTimeoutMs };
  const format = "{{.Client.Version}} {{if .Server}}{{.Server.Version}} {{.Server.Os}}/{{.Server.Arch}}{{end}}";
  try {
    const asked = await runner("docker", ["version", "--format", format], { ...options, okExitCodes: [0, 1] });
    const [clientVersion = "", serverVersion = "", platform = ""] = asked.stdout.trim().split(" ");
    if (serverVersion === "") throw noAnswer(asked.stderr);
    const hasBuildx = await runner("docker", ["buildx", "version"], options).then(
      () => true,
      (error: unknown) => {
        if (isAppError(error, "E_PROCESS_FAILED")) return false;
        throw error;
      },
    );
    const isWanted = env["DOCKER_BUILDKIT"] !== "0"; // the user's own choice of builder
    // clients before 23.0 have a BuildKit of their own
    const hasBuildKit = isWanted && (hasBuildx || Number.parseInt(clientVersion, 10) < 23);
    const takesContexts = hasBuildKit && hasBuildx && Number.parseInt(serverVersion, 10) >= 23;
    return { serverVersion, platform, hasBuildx, hasBuildKit, takesContexts };
  } catch (error) {
    if (!isAppError(error, "E_PROCESS_NOT_FOUND")) throw error;
    throw new AppError("E_DAEMON_UNAVAILABLE", "the program docker is not on the PATH", {
      hint: "install it, on Debian with: apt-get install docker.io; or leave out --builder: our own way needs no daemon",
      cause: error,
    });
  }
}

function noAnswer(stderr: string): AppError {
  const reason = stderr.trim().split("\n").at(-1) ?? "";
  const mend = /permission denied/i.test(reason)
    ? "let an administrator add you to its group: usermod -aG docker YOU, and log in again"
    : "start it, for example with: systemctl start docker, or name it in DOCKER_HOST";
  return new AppError("E_DAEMON_UNAVAILABLE", `no docker daemon answers: ${reason}`, {
    hint: `${mend}; or leave out --builder: our own way needs no daemon`,
  });
}
