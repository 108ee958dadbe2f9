import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeSif } from "../sif/write.ts";
import type { TreeEntry } from "../tree/entry.ts";
import { environmentScripts } from "./environment-scripts.ts";
import { inspectMetadata, inspectMetadataName } from "./inspect-metadata.ts";
import { ociRunscript } from "./oci-runscript.ts";
import { bindTargetTree, isSingularityPath, singularityTree } from "./tree.ts";

const hostile = `a'b "c" $HOME \`id\` \\ two\nlines`;
const options = {
  environment: { PATH: "/usr/bin:/bin", QUOTED: hostile, EMPTIED: "" },
  pathPrefix: ["/srv/bin", "/srv/env/bin"],
  extraEnvironmentScript: "export EXTRA=yes",
  runscript: ociRunscript({ entrypoint: ["/bin/busybox", "echo", "it's"], cmd: ["by default", "$HOME"] }),
  startscript: "#!/bin/sh\nexec /bin/busybox sleep 1000\n",
  test: "#!/bin/sh\necho tested $EXTRA\n",
  help: "how to use it\n",
  labels: { maintainer: "me", "a.b": "1 2" },
  definition: "bootstrap: scratch\n",
  timestampSeconds: 315_532_800,
} as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "singularity-d-"));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ exitCode: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, [...args], { encoding: "utf8", env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

async function materialize(entries: readonly TreeEntry[], root: string): Promise<void> {
  for (const entry of entries) {
    const path = join(root, entry.path);
    if (entry.type === "directory") {
      await mkdir(path, { recursive: true });
      await chmod(path, entry.mode);
    }
    if (entry.type === "symlink") await symlink(entry.linkTarget ?? "", path);
    if (entry.type !== "file") continue;
    const parts: Uint8Array[] = [];
    for await (const part of entry.content?.stream() ?? []) parts.push(Buffer.from(part));
    await writeFile(path, Buffer.concat(parts), { mode: entry.mode });
  }
}

test("entries come parents first, sorted, of one time and owner", () => {
  const entries = singularityTree(options);
  const seen = new Set([""]);
  for (const { path } of entries) {
    expect(seen).toContain(path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
    seen.add(path);
  }
  expect(entries.map(({ path }) => path)).toEqual(entries.map(({ path }) => path).toSorted());
  expect(new Set(entries.map(({ uid, gid, mtimeSeconds }) => `${uid}:${gid} ${mtimeSeconds}`)).size).toBe(1);
  expect(entries.every(({ path }) => isSingularityPath(path))).toBe(true);
  expect(isSingularityPath(".singularity.data")).toBe(false);
});

test("the layout is Apptainer's", () => {
  const paths = singularityTree(options).map(({ path }) => path);
  for (const name of ["01-base", "10-docker2singularity", "90-environment", "94-appsbase", "95-apps", "99-base"]) {
    expect(paths).toContain(`.singularity.d/env/${name}.sh`);
  }
  for (const name of ["exec", "run", "shell", "start", "test"]) {
    expect(paths).toContain(`.singularity.d/actions/${name}`);
  }
  expect(bindTargetTree(0).map(({ path }) => path)).toEqual(expect.arrayContaining(["proc", "dev", "var/tmp", "etc"]));
});

test("a variable whose name would be shell code is refused", () => {
  const environment = { "A;touch /x": "1" };
  expect(() => environmentScripts({ environment, pathPrefix: [] })).toThrow(/cannot be the name/);
});

test("every script is read by sh without complaint", async () => {
  const root = join(folder, "syntax");
  await mkdir(root);
  await materialize(singularityTree(options), root);
  const scripts = singularityTree(options)
    .filter(({ type, mode }) => type === "file" && mode === 0o755)
    .map(({ path }) => join(root, path));
  for (const script of scripts) {
    expect(await run("sh", ["-n", script])).toMatchObject({ exitCode: 0, stderr: "" });
  }
  const read = [".singularity.d/env/10-docker2singularity.sh", ".singularity.d/env/90-environment.sh"];
  const sourced = read.map((name) => `. ${join(root, name)}`).join("; ");
  const twice = `${sourced}; . ${join(root, read[1] ?? "")}; printf '%s|%s|%s' "$QUOTED" "$PATH" "$EXTRA"`;
  const { stdout } = await run("sh", ["-c", twice], {});
  expect(stdout).toBe(`${hostile}|/srv/bin:/srv/env/bin:/usr/bin:/bin|yes`);
});

describe("runscripts of OCI images", () => {
  const cases = [
    { entrypoint: ["echo", "a b"], cmd: ["c  d", "$X"], args: [], expected: "a b c  d $X\n" },
    { entrypoint: ["echo", "a b"], cmd: ["c"], args: ["$Y", "it's"], expected: "a b $Y it's\n" },
    { entrypoint: ["echo"], cmd: [], args: ["x"], expected: "x\n" },
    { entrypoint: [], cmd: ["echo", "default"], args: [], expected: "default\n" },
    { entrypoint: [], cmd: ["echo", "default"], args: ["printf", "%s", "own"], expected: "own" },
    { entrypoint: [], cmd: [], args: ["echo", "own"], expected: "own\n" },
  ];
  test.each(cases)("$entrypoint with $cmd and $args", async ({ entrypoint, cmd, args, expected }) => {
    const { stdout } = await run("sh", ["-c", ociRunscript({ entrypoint, cmd }), "runscript", ...args]);
    expect(stdout).toBe(expected);
  });
});

const canRun =
  existsSync("/bin/busybox") &&
  (await run("mksquashfs", ["-version"])).exitCode === 0 &&
  (await run("apptainer", ["exec", "--help"])).exitCode === 0;

describe.runIf(canRun)("under apptainer", () => {
  let sif: string;
  const apptainer = (...args: string[]): ReturnType<typeof run> =>
    run("apptainer", ["-s", ...args], { PATH: process.env["PATH"], HOME: folder, EMPTIED: "host", EXTRA: "host" });

  beforeAll(async () => {
    const root = join(folder, "root");
    await mkdir(root);
    await materialize([...bindTargetTree(0), ...singularityTree(options)], root);
    await mkdir(join(root, "bin"));
    await copyFile("/bin/busybox", join(root, "bin/busybox"));
    for (const name of ["sh", "env", "echo", "sleep"]) await symlink("busybox", join(root, "bin", name));
    const squashfs = join(folder, "root.sqfs");
    await run("mksquashfs", [root, squashfs, "-quiet", "-no-progress", "-comp", "gzip"]);
    sif = join(folder, "image.sif");
    const partition = { fileSystem: "squashfs", kind: "primary", architecture: "amd64" } as const;
    await writeSif(sif, {
      objects: [
        { kind: { type: "definition" }, content: options.definition },
        { kind: { type: "json" }, name: inspectMetadataName, content: inspectMetadata(options) },
        { kind: { type: "partition", partition }, content: { path: squashfs } },
      ],
      uuid: "00000000-0000-8000-8000-000000000000",
      createdSeconds: 0,
    });
  });

  test("run starts the runscript with quoting kept", async () => {
    expect((await apptainer("run", "--userns", sif)).stdout).toBe("it's by default $HOME\n");
    expect((await apptainer("run", "--userns", sif, "x  y")).stdout).toBe("it's x  y\n");
  });

  test("exec sees the image's environment, not the host's", async () => {
    const { stdout } = await apptainer("exec", "--userns", sif, "/bin/busybox", "env", "-0");
    const variables = new Map(stdout.split("\0").map((line) => [line.slice(0, line.indexOf("=")), line]));
    expect(variables.get("QUOTED")).toBe(`QUOTED=${hostile}`);
    expect(variables.get("EXTRA")).toBe("EXTRA=yes");
    expect(variables.has("EMPTIED")).toBe(false);
    expect(variables.get("PATH")).toMatch(/^PATH=\/srv\/bin:\/srv\/env\/bin:\/usr\/bin:\/bin/);
    expect(variables.get("LD_LIBRARY_PATH")).toBe("LD_LIBRARY_PATH=/.singularity.d/libs");
  });

  test("test runs the test, also through the action script in the image", async () => {
    expect((await apptainer("test", "--userns", sif)).stdout).toBe("tested yes\n");
    expect((await apptainer("exec", "--userns", sif, "/.test")).stdout).toBe("tested yes\n");
    expect((await apptainer("exec", "--userns", sif, "/.run", "again")).stdout).toBe("it's again\n");
  });

  test("inspect shows labels, scripts and definition", async () => {
    const { stdout } = await apptainer("inspect", "--all", "--json", sif);
    const { attributes } = (JSON.parse(stdout) as { data: { attributes: Record<string, unknown> } }).data;
    expect(attributes["labels"]).toEqual(options.labels);
    expect(attributes["deffile"]).toBe("bootstrap: scratch");
    expect(attributes["helpfile"]).toBe("how to use it");
    expect((await apptainer("run-help", sif)).stdout).toContain("how to use it");
  });
});
