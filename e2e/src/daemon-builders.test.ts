import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { hasBusybox } from "@repo2singularity/testkit";
import { type DockerDaemon, startDockerDaemon } from "@repo2singularity/testkit/docker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerRepository } from "./support/container-repository.ts";
import { expectNoLeftovers, expectSoundCache } from "./support/leftovers.ts";
import { type Ended, repo2singularity } from "./support/program.ts";
import { smallRepository } from "./support/small-repository.ts";
import { allUsers, type User, withOwnCache } from "./support/users.ts";
import { scratchFolder } from "./support/run-folder.ts";

const root = allUsers().find(({ uid }) => uid === 0);
const canStart = root !== undefined && spawnSync("dockerd", ["--version"]).status === 0 && (await hasBusybox());
const canRun = spawnSync("apptainer", ["--version"]).status === 0;

describe.runIf(canStart)("builds through a docker daemon", () => {
  let user: User;
  let folder: string;
  let daemon: DockerDaemon;

  beforeAll(async () => {
    user = withOwnCache(root!, "the base alone"); // other files of tests work in the shared one at the same time
    folder = scratchFolder("docker");
    daemon = await startDockerDaemon(folder);
  });

  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
  });

  const build = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    repo2singularity(user, args, { env: { DOCKER_HOST: daemon.host, ...env } });
  const docker = (...args: string[]): string =>
    execFileSync("docker", args, { encoding: "utf8", env: { ...process.env, DOCKER_HOST: daemon.host } });
  const run = (image: string, ...command: string[]): string =>
    execFileSync(
      "apptainer",
      ["-s", command.length === 0 ? "run" : "exec", "--userns", "--no-home", image, ...command],
      {
        cwd: user.home,
        encoding: "utf8",
      },
    );
  const record = async (image: string): Promise<Record<string, unknown>> =>
    JSON.parse((await repo2singularity(user, ["inspect", "--json", image])).stdout) as Record<string, unknown>; // our own

  test.runIf(canRun)("the daemon builds our recipe to an image like any other, and keeps what it did", async () => {
    const repository = smallRepository(user, "recipe", {
      "requirements.txt": "six\n",
      postBuild: "#!/bin/sh\npython -c 'import six; print(six.__version__)' >version.txt\n",
    });
    const words = ["--builder", "docker", "--image-name", "recipe", repository];

    const first = await build(words);
    const again = await build(words);

    expect(first.status, first.stderr).toBe(0);
    expect(again.stderr).toContain("recipe.sif is this very image: kept");
    expect(run("recipe.sif", "cat", "/srv/repo/version.txt")).toMatch(/^\d+\.\d+/);
    expect(run("recipe.sif", "jupyter", "lab", "--version")).toMatch(/^\d+\.\d+/);
    expect(run("recipe.sif", "ls", "/run")).not.toContain("repo2singularity");
    const { packages, layers } = await record("recipe.sif");
    expect(packages).toContainEqual(expect.objectContaining({ manager: "python", name: "six", prefix: "/srv/env" }));
    expect(packages).toContainEqual(expect.objectContaining({ name: "jupyterlab", prefix: "/srv/jupyter" }));
    expect(layers).toMatchObject([{ name: "docker" }, { name: "image" }]);
    expectNoLeftovers(user);
  });

  const dockerfile = `FROM busybox:small AS one
ARG WHO=nobody
RUN mkdir -p /home/somebody && echo "hello $WHO" >/home/somebody/greeting && chmod 600 /home/somebody/greeting && chown -R 1000:1000 /home/somebody && chmod 700 /home/somebody
COPY data.txt /data/
ENV GREETING=/home/somebody/greeting
LABEL org.example.kind=small
USER 1000
ENTRYPOINT ["/bin/sh", "-c", "cat $GREETING /data/data.txt"]

FROM one
LABEL org.example.kind=other
`;

  const ownFile = "gpu: cuda\nresources: {cpus: 2}\npackages: [jq]\n";

  /** A repository with that Dockerfile, and the daemon's image of busybox that it starts from. */
  async function dockerfileRepository(extra: Readonly<Record<string, string>> = {}): Promise<string> {
    const { repository, base } = await containerRepository(user, {
      Dockerfile: dockerfile,
      "data.txt": "data\n",
      ...extra,
    });
    const tar = execFileSync("tar", ["-C", base, "-c", "."], { maxBuffer: 2 ** 26 });
    execFileSync("docker", ["import", "-", "busybox:small"], {
      input: tar,
      env: { ...process.env, DOCKER_HOST: daemon.host },
    });
    return repository;
  }

  test.runIf(canRun).each(["1", "0"])("a repository's own Dockerfile, with DOCKER_BUILDKIT=%s", async (buildKit) => {
    const repository = await dockerfileRepository({ "repo2singularity.yaml": ownFile });
    const name = `dockerfile-${buildKit}`;
    const words = [
      "--builder",
      "docker",
      "--target",
      "one",
      "--build-arg",
      "WHO=you",
      "--gpu",
      "rocm",
      "--image-name",
      name,
      repository,
    ];

    const ended = await build(words, { DOCKER_BUILDKIT: buildKit });

    expect(ended.status, ended.stderr).toBe(0);
    expect(run(`${name}.sif`)).toBe("hello you\ndata\n");
    const labels = execFileSync("apptainer", ["inspect", `${name}.sif`], { cwd: user.home, encoding: "utf8" });
    expect(labels).toContain("org.example.kind: small");
    expect(labels).toContain("org.repo2singularity.gpu: rocm");
    expect(labels).toContain("org.repo2singularity.resources.cpus: 2");
    expect(ended.stderr).toContain("repo2singularity.yaml: packages: Dockerfile describes the whole image");
    expect(labels).toContain("org.repo2singularity.builder: docker");
    expect(docker("ps", "--all", "--quiet")).toBe("");
  });

  test("a secret is there for the step that mounts it, and nowhere else", async () => {
    const step = "RUN --mount=type=secret,id=key wc -c </run/secrets/key >/size";
    const repository = await dockerfileRepository({ Dockerfile: `FROM busybox:small\n${step}\n` });
    const words = ["--builder", "docker", "--secret", "id=key,env=KEY", "--sandbox", "box", repository];

    const ended = await build(words, { KEY: "twelve bytes" });

    expect(ended.status, ended.stderr).toBe(0);
    expect(readFileSync(path.join(user.home, "box/size"), "utf8").trim()).toBe("12");
    expect(docker("history", "--no-trunc", "repo2singularity/repo:latest")).not.toContain("twelve bytes");
    expectNoLeftovers(user);
  });

  test("what the daemon is too old for is told before anything is built", async () => {
    const repository = await dockerfileRepository({ Dockerfile: "FROM other:1\n" });

    const ended = await build(["--builder", "docker", "--build-context", "other:1=scratch", repository]);

    const isOld = Number.parseInt(daemon.version, 10) < 23;
    expect(ended.status).toBe(isOld ? 3 : 0);
    expect(ended.stderr.includes("docker 23.0 or later")).toBe(isOld);
  });

  test.runIf(canRun)("the real repo2docker builds, and its image runs without docker", async () => {
    const repository = await dockerfileRepository({
      "binder/Dockerfile": dockerfile.replace("nobody", "binder"),
      "binder/repo2singularity.yaml": ownFile,
    });

    const ended = await build(["--builder", "repo2docker", "--image-name", "theirs", repository]);

    expect(ended.status, ended.stderr).toBe(0);
    expect(run("theirs.sif", "cat", "/home/somebody/greeting")).toBe("hello binder\n");
    const labels = execFileSync("apptainer", ["inspect", "theirs.sif"], { cwd: user.home, encoding: "utf8" });
    expect(labels).toMatch(/org.repo2singularity.builder: repo2docker \d+/);
    expect(labels).toMatch(/repo2docker.version: \d+/); // its own
    expect(labels).toContain("org.repo2singularity.gpu: cuda");
    expect(labels).toContain("org.repo2singularity.resources.cpus: 2");
    expect((await record("theirs.sif"))["base"]).toMatchObject({ reference: /^docker-daemon:/ });
    expect(docker("ps", "--all", "--quiet")).toBe("");
  });

  test("a secret that no step can have is refused before the daemon does anything", async () => {
    const repository = smallRepository(user, "secret", { "requirements.txt": "six\n" });

    const ended = await build(["--builder", "docker", "--secret", "id=key,env=KEY", repository], {
      KEY: "x".repeat(16),
    });

    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain("--secret key and --builder docker go together only for a Dockerfile");
  });

  test("a definition file starts from an image of the daemon", async () => {
    const text = "Bootstrap: docker-daemon\nFrom: busybox:small\n%post\necho made >/made\n";
    const repository = await dockerfileRepository({ "x.def": text });
    const words = ["--sandbox", "from-daemon", path.join(repository, "x.def")];

    const ended = await build(words);

    expect(ended.status, ended.stderr).toBe(0);
    expect(readFileSync(path.join(user.home, "from-daemon/made"), "utf8")).toBe("made\n");
    expect(docker("ps", "--all", "--quiet")).toBe("");
  });

  test("a step that fails ends with its last lines", async () => {
    const repository = await dockerfileRepository({
      Dockerfile: "FROM busybox:small\nRUN echo about to fail; exit 3\n",
    });

    const ended = await build(["--builder", "docker", "--image-name", "failing", repository]);

    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain("about to fail");
    expect(ended.stderr).toContain("(E_STEP_FAILED)");
    expectNoLeftovers(user);
  });

  test.each(["1", "0"])("an interrupt ends the build in the daemon too, with DOCKER_BUILDKIT=%s", async (buildKit) => {
    const sleep = `sleep 61.0${buildKit}625`; // a length that nobody else waits
    const repository = await dockerfileRepository({ Dockerfile: `FROM busybox:small\nRUN echo now; ${sleep}\n` });
    const program = path.join(user.clone, "bin/repo2singularity");
    const child = spawn(program, ["--json-logs", "--builder", "docker", "--image-name", "cut", repository], {
      cwd: user.home,
      env: {
        ...process.env,
        HOME: user.home,
        XDG_CACHE_HOME: user.cacheHome,
        DOCKER_HOST: daemon.host,
        DOCKER_BUILDKIT: buildKit,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const isRunning = (): boolean => spawnSync("pgrep", ["-f", `^${sleep}`]).status === 0;

    await expect.poll(isRunning, { timeout: 60_000 }).toBe(true);
    child.kill("SIGINT");

    expect(await ended).toBe(130);
    await expect.poll(isRunning, { timeout: 20_000 }).toBe(false);
    await expect.poll(() => docker("ps", "--all", "--quiet"), { timeout: 20_000 }).toBe("");
    expect(existsSync(path.join(user.home, "cut.sif"))).toBe(false);
    expectNoLeftovers(user);
  });

  test("a daemon that does not answer is told with what mends it", async () => {
    const repository = smallRepository(user, "nowhere", { "requirements.txt": "" });

    const ended = await build(["--builder", "docker", repository], { DOCKER_HOST: `unix://${folder}/nowhere.sock` });

    expect(ended.status).toBe(3);
    expect(ended.stderr).toMatch(/no docker daemon answers: .*nowhere.sock/);
    expect(ended.stderr).toContain("leave out --builder");
    expect(ended.stderr).toContain("(E_DAEMON_UNAVAILABLE)");
    await expectSoundCache(user);
  });
});
