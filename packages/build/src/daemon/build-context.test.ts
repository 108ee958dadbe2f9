import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Recipe } from "@repo2singularity/contracts";
import { recipeVersion } from "@repo2singularity/contracts/version";
import type { Checkout } from "@repo2singularity/source";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StepSetting } from "../pipeline/step-setting.ts";
import { writeBuildContext } from "./build-context.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "build-context-"));
});

afterEach(() => rm(folder, { recursive: true }));

const recipe = Recipe.parse({
  version: recipeVersion,
  family: "python",
  base: "docker://debian:13",
  platform: "linux/amd64",
  groups: [
    {
      name: "system",
      title: "System",
      steps: [
        {
          kind: "run",
          title: "Greet",
          script: 'echo "$GREETING from $(pwd)"',
          env: { GREETING: "it's me" },
          cwd: "/usr",
          caches: ["uv"],
          network: true,
        },
        { kind: "write", title: "Write", path: "/srv/bin/tool", content: "#!/bin/sh\n", mode: 0o755 },
      ],
    },
    {
      name: "content",
      title: "Content",
      steps: [{ kind: "copy", title: "Copy", paths: ["."], destination: "/srv/repo" }],
    },
  ],
  environment: { LANG: "C.UTF-8" },
  pathPrefix: ["/srv/bin"],
  repoDir: "/srv/repo",
  command: ["jupyter", "lab"],
  labels: {},
  decisions: [],
});

/** The context of the recipe and its lines without comments. */
async function write(hasBuildKit: boolean): Promise<{ readonly context: string; readonly lines: readonly string[] }> {
  const context = path.join(folder, "context");
  const repository = path.join(folder, "repository");
  await mkdir(context);
  await mkdir(repository);
  await writeFile(path.join(repository, "run me"), "#!/bin/sh\n", { mode: 0o700 });
  await writeFile(path.join(folder, "ca.crt"), "certificates");
  const files = [{ path: "run me", type: "file", mode: 0o700 }];
  const setting: Pick<StepSetting, "mounts" | "networkEnv"> = {
    mounts: [{ source: path.join(folder, "ca.crt"), target: "/run/repo2singularity/ca.crt", readOnly: true }],
    networkEnv: { HTTP_PROXY: "http://user:secret@proxy:3128" },
  };
  await writeBuildContext(context, {
    recipe,
    checkout: { directory: repository, files: () => Promise.resolve(files) } as unknown as Checkout, // what copying reads
    setting: setting as StepSetting, // the rest is for executors
    baseImage: "base:1",
    basePath: "/bin:/usr/bin",
    timestampSeconds: 1_700_000_000,
    hasBuildKit,
  });
  const text = await readFile(path.join(context, "Dockerfile"), "utf8");
  return { context, lines: text.split("\n").filter((line) => line !== "" && !line.startsWith("#")) };
}

test("under BuildKit, steps get the machine's settings and their scripts by mounts, of which nothing stays", async () => {
  const { lines } = await write(true);

  expect(lines).toEqual([
    "FROM base:1",
    "RUN --mount=type=bind,source=host,target=/run/repo2singularity,rw --mount=type=bind,source=steps/0,target=/run/repo2singularity/step --mount=type=cache,id=repo2singularity-uv,target=/run/repo2singularity/cache/uv --mount=type=tmpfs,target=/tmp --mount=type=tmpfs,target=/var/tmp " +
      '["/bin/sh","-e","/run/repo2singularity/step/run"]',
    'COPY ["steps/1/srv/bin/tool","/srv/bin/tool"]',
    'COPY ["steps/2/srv/repo/","/srv/repo/"]',
  ]);
});

test("the classic builder, which has no mounts, copies them below /run, which no image keeps", async () => {
  const { lines } = await write(false);

  expect(lines.slice(0, 4)).toEqual([
    "FROM base:1",
    "COPY host/ /run/repo2singularity/",
    "COPY steps/0/ /run/repo2singularity/step/",
    'RUN ["/bin/sh","-e","/run/repo2singularity/step/run"]',
  ]);
});

test("files lie in the context with the modes that they have in the image", async () => {
  const { context } = await write(true);
  const modeOf = async (name: string): Promise<string> =>
    ((await stat(path.join(context, name))).mode & 0o777).toString(8);

  expect(await modeOf("steps/1/srv/bin/tool")).toBe("755");
  expect(await modeOf("steps/2/srv/repo/run me")).toBe("755");
  expect(await readFile(path.join(context, "host/ca.crt"), "utf8")).toBe("certificates");
  expect(await readdir(path.join(context, "host/cache"))).toEqual(["uv"]);
});

test("a step starts in its folder with its own variables and no others", async () => {
  const { context } = await write(true);
  const place = path.join(context, "steps/0");
  const starter = (await readFile(path.join(place, "run"), "utf8")).replaceAll("/run/repo2singularity/step", place);
  await writeFile(
    path.join(place, "script"),
    'echo "$GREETING from $(pwd)"; echo "$HTTP_PROXY $PATH ${LEAKED-none}"\n',
  );

  const { stdout } = await promisify(execFile)("sh", ["-ec", starter], { env: { ...process.env, LEAKED: "leaked" } });

  expect(stdout).toBe(
    "it's me from /usr\nhttp://user:secret@proxy:3128 /run/repo2singularity/bin:/srv/bin:/bin:/usr/bin none\n",
  );
});
