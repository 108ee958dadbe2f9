import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { processRunner, processStreamer } from "@repo2singularity/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DockerHost, openDocker } from "./docker.ts";

const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "docker-client-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** A machine whose docker client is this script; `undefined` for none. */
async function machine(script: string | undefined, env: Readonly<Record<string, string>> = {}): Promise<DockerHost> {
  const place = await mkdtemp(path.join(folder, "bin-"));
  await mkdir(place, { recursive: true });
  if (script !== undefined) {
    await writeFile(path.join(place, "docker"), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(place, "docker"), 0o755);
  }
  return { runner: processRunner, streamer: processStreamer, env: { PATH: place, ...env } };
}

/** As clients of these versions answer; theirs, not ours, say the texts. */
function client(version: string, plugin: "buildx" | "no buildx"): string {
  const buildx = plugin === "buildx" ? "echo v0.29" : "echo 'docker: unknown command: docker buildx' >&2; exit 1";
  return `case "$1" in version) echo ${version} 28.5.2 linux/amd64 ;; buildx) ${buildx} ;; esac`;
}

test("a machine without docker is told how to get it, and that it can be left out", async () => {
  await expect(openDocker(await machine(undefined), signal)).rejects.toMatchObject({
    code: "E_DAEMON_UNAVAILABLE",
    hint: expect.stringMatching(/apt-get install docker.io.*leave out --builder/),
  });
});

test("a daemon that is not running and one that is not allowed have hints of their own", async () => {
  const down = 'echo "28.2.2 "; echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock" >&2; exit 1';
  const closed = 'echo "28.2.2 "; echo "permission denied while trying to connect" >&2; exit 1';

  await expect(openDocker(await machine(down), signal)).rejects.toMatchObject({
    code: "E_DAEMON_UNAVAILABLE",
    message: expect.stringContaining("Cannot connect to the Docker daemon at unix:///var/run/docker.sock"),
    hint: expect.stringContaining("systemctl start docker"),
  });
  await expect(openDocker(await machine(closed), signal)).rejects.toMatchObject({
    hint: expect.stringContaining("usermod -aG docker"),
  });
});

test("clients since 23.0 have BuildKit by the plugin, older ones of their own", async () => {
  const facts = async (version: string, plugin: "buildx" | "no buildx"): Promise<unknown> => {
    const { hasBuildKit, hasBuildx, platform } = await openDocker(await machine(client(version, plugin)), signal);
    return { hasBuildKit, hasBuildx, platform };
  };
  const platform = "linux/amd64";

  expect(await facts("28.2.2", "buildx")).toEqual({ hasBuildKit: true, hasBuildx: true, platform });
  expect(await facts("28.2.2", "no buildx")).toEqual({ hasBuildKit: false, hasBuildx: false, platform });
  expect(await facts("20.10.24", "no buildx")).toEqual({ hasBuildKit: true, hasBuildx: false, platform });
});

test("a user who turned BuildKit off gets the classic builder", async () => {
  const host = await machine(client("28.2.2", "buildx"), { DOCKER_BUILDKIT: "0" });

  expect(await openDocker(host, signal)).toMatchObject({ hasBuildKit: false, hasBuildx: true });
});
