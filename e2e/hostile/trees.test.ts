import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { giveTo } from "../src/support/clones.ts";
import { repo2singularity } from "../src/support/program.ts";
import { smallRepository } from "../src/support/small-repository.ts";
import { buildDockerfile, expectNothingRan, expectRefused, plan, trace, victim } from "./support.ts";

afterEach(expectNothingRan);

/** A million by hand: R2S_HOSTILE_FILES=1000000. */
const fileCount = Number(process.env["R2S_HOSTILE_FILES"] ?? 5_000);

async function filesOf(image: string): Promise<string> {
  const listed = await repo2singularity(victim, ["image", "list", image]);
  expect(listed).toMatchObject({ status: 0 });
  return listed.stdout;
}

describe("links", () => {
  test.each(["requirements.txt", "environment.yml", "apt.txt", "postBuild", "Dockerfile", "runtime.txt"])(
    "a %s that leads to a file of the machine is not read",
    async (name) => {
      const repository = smallRepository(victim, "link", { "README.md": "x\n" });
      symlinkSync("/etc/passwd", path.join(repository, name));

      const ended = await plan(repository);

      expectRefused(ended, "E_PATH_ESCAPE", name);
      expect(ended.stderr + ended.stdout).not.toContain("root:");
    },
  );

  test("the contents of what links of the build context lead to are not copied", async () => {
    const secret = path.join(victim.home, "a-secret");
    writeFileSync(secret, "hunter2-of-the-host\n");
    const built = await buildDockerfile(
      "FROM base\nCOPY . /copied\nRUN cat /copied/out /copied/folder/* || echo nothing\n",
      {
        prepare: (repository) => {
          symlinkSync(secret, path.join(repository, "out"));
          symlinkSync(victim.home, path.join(repository, "folder"));
        },
      },
    );

    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect(built.stderr).toContain("nothing");
    expect(built.stderr).not.toContain("hunter2");
  });

  test("a copied link in the image leads no later copy out of it", async () => {
    const files = { "evil/passwd": "hacked\n" };
    const built = await buildDockerfile(
      `FROM base\nRUN ln -s ${victim.home} /out\nCOPY evil/passwd /out/passwd-of-attack\nRUN cat /out/passwd-of-attack\n`,
      { files },
    );

    expect(built).toMatchObject({ status: 0 });
    expect(built.stderr).toContain("hacked");
    expect(() => execFileSync("test", ["-e", path.join(victim.home, "passwd-of-attack")])).toThrow();
  });
});

describe("names and kinds of files", () => {
  test("names that a shell, a terminal or a tool could misread are only names", async () => {
    const names = [
      `$(touch ${path.basename(trace)})`,
      "`id`",
      "-rf",
      "a\nb",
      "a b'c\"d",
      "*",
      "..data",
      "é",
      "\u001b[31m",
    ];
    const built = await buildDockerfile("FROM base\nCOPY . /data\nRUN ls /data | wc -l\n", {
      files: Object.fromEntries(names.map((name) => [name, "x\n"])),
    });

    expect(built, built.stderr).toMatchObject({ status: 0 });
    const listed = await filesOf(built.image);
    for (const name of ["-rf", "..data", "é", "`id`"]) expect(listed).toContain(`data/${name}`);
    expect(listed).not.toContain("\u001b[31m");
  });

  test("pipes, sockets and devices are left out, and nothing waits for them", async () => {
    const built = await buildDockerfile("FROM base\nCOPY . /data\nRUN ls /data\n", {
      prepare: (repository) => {
        execFileSync("mkfifo", [path.join(repository, "pipe"), path.join(repository, "requirements.txt")]);
        if (process.getuid?.() === 0) execFileSync("mknod", [path.join(repository, "device"), "c", "1", "3"]);
        execFileSync("python3", ["-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind('socket')"], {
          cwd: repository,
        });
      },
    });

    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect(await filesOf(built.image)).not.toMatch(/data\/(?:pipe|device|socket|requirements\.txt)/);
  });

  test(`${fileCount} files in one folder are many, and no more`, async () => {
    const started = Date.now();
    const built = await buildDockerfile("FROM base\nCOPY . /data\n", {
      prepare: (repository) => {
        const folder = path.join(repository, "many");
        mkdirSync(folder);
        for (let index = 0; index < fileCount; index += 1) writeFileSync(path.join(folder, `file-${index}`), "x");
        giveTo(victim, folder);
      },
    });

    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect((await filesOf(built.image)).split("\n").filter((line) => line.includes("many/file-")).length).toBe(
      fileCount,
    );
    expect(Date.now() - started).toBeLessThan(fileCount * 10 + 120_000);
  });

  test("more files than may be are an error, in a repository and in what a step leaves", async () => {
    const env = { R2S_MAX_FILES: "100" };
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`many/file-${index}`, "x"]));
    const post = "RUN mkdir /many && for i in $(seq 101); do echo >/many/file-$i; done\n";

    const repository = await buildDockerfile("FROM base\nCOPY many /data\n", { files: many, env });
    const step = await buildDockerfile(`FROM base\n${post}`, { env });

    expectRefused(repository, "E_LIMIT_EXCEEDED", "more than 100 files", "R2S_MAX_FILES");
    expectRefused(step, "E_LIMIT_EXCEEDED", "what the step left: more than 100 files");
  });

  test("folders deeper than any path may be are an error, and leave nothing behind", async () => {
    const repository = smallRepository(victim, "deep", { "README.md": "x\n" });
    const make = "import os\nfor index in range(300):\n os.mkdir('d' * 200)\n os.chdir('d' * 200)\n";
    execFileSync("python3", ["-c", make], { cwd: repository });
    giveTo(victim, repository);

    const ended = await plan(repository);

    expect(ended.stderr).not.toContain("E_INTERNAL");
    if (ended.status !== 0) expectRefused(ended, "E_FILE_ACCESS");
  });
});
