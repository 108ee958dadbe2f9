import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { commitAll, exampleRepository, giveTo } from "./support/clones.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { allUsers, ordinaryUser, type User, withOwnCache } from "./support/users.ts";

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Runs a program of an image as apptainer's users do; root has no need of the setuid starter. */
function inImage(user: User, image: string, ...command: string[]): ReturnType<typeof runAs> {
  return runAs(user, "apptainer", ["exec", "--userns", image, ...command]);
}

describe.each(allUsers())("a repository with packages, apt.txt, postBuild and start, built by $name", (user) => {
  let repository = "";
  let image = "";

  beforeAll(async () => {
    repository = exampleRepository(user, "python-apt");
    const built = await repo2singularity(user, [repository]);
    expect(built.stderr + built.stdout).toContain("python-apt.sif");
    expect(built.status).toBe(0);
    image = path.join(user.home, "python-apt.sif");
  });

  test("runs under apptainer and finds all it asked for", async () => {
    const ran = await runAs(user, "apptainer", ["run", "--userns", image, "./verify"]);

    expect(ran).toMatchObject({ status: 0 });
  });

  test("runs with everything contained", async () => {
    const ran = await runAs(user, "apptainer", ["run", "--userns", "--containall", image, "./verify"]);

    expect(ran).toMatchObject({ status: 0 });
  });

  test("a second build does no work", async () => {
    const again = await repo2singularity(user, [repository]);

    expect(again).toMatchObject({ status: 0 });
    expect(again.stderr).toContain("kept");
  });

  test("an edited notebook redoes only the repository and postBuild", async () => {
    writeFileSync(path.join(repository, "README.md"), "edited\n");
    commitAll(repository, "edit", "2024-05-02T12:00:00Z");
    giveTo(user, repository);

    const refused = await repo2singularity(user, [repository]);
    const edited = await repo2singularity(user, ["--force", repository]);

    expect(refused).toMatchObject({ status: 2 });
    expect(refused.stderr).toContain("E_OUTPUT_EXISTS");
    expect(edited).toMatchObject({ status: 0 });
    expect(edited.stderr).toMatch(/system cached[\s\S]*server cached[\s\S]*apt cached[\s\S]*environment cached/);
    expect(edited.stderr).toMatch(/content done[\s\S]*post-build done/);
    const readme = await inImage(user, image, "cat", "/srv/repo/README.md");
    expect(readme.stdout).toBe("edited\n");
  });

  test("says what it is", async () => {
    const inspected = await repo2singularity(user, ["inspect", image, "--json"]);
    const labels = await runAs(user, "apptainer", ["inspect", image]);

    const record = JSON.parse(inspected.stdout) as { source: { commit: string }; packages: { name: string }[] };
    expect(record.source.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(record.packages.map((one) => one.name)).toEqual(expect.arrayContaining(["jupyterlab", "python3"]));
    expect(labels.stdout).toContain(record.source.commit);
  });
});

describe("the same commit", () => {
  const user = ordinaryUser();

  test.runIf(user !== undefined && process.getuid?.() === 0)(
    "has the same bytes for root and for an ordinary user, in another folder, by every executor",
    async () => {
      const digests = new Map<string, string>();
      for (const [builder, executor] of [
        [allUsers()[0]!, "root"],
        [user!, "userns"],
        [withOwnCache(user!), "apptainer"],
      ] as const) {
        const repository = exampleRepository(builder, "hello-jupyter");
        writeFileSync(path.join(repository, "requirements.txt"), "idna\ntabulate\n"); // that no other test has built
        commitAll(repository, "packages of its own", "2024-05-04T12:00:00Z");
        giveTo(builder, repository);
        const image = path.join(builder.home, `same-${executor}.sif`);
        const words = ["--executor", executor, "--image-name", `same-${executor}`, repository];
        expect(await repo2singularity(builder, words)).toMatchObject({ status: 0 });
        digests.set(executor, sha256(image));
      }

      expect([...new Set(digests.values())], JSON.stringify([...digests])).toHaveLength(1);
    },
  );
});

test("two builds of one key at once give one build of each layer and two results", async () => {
  const user = ordinaryUser() ?? allUsers()[0]!;
  const repository = exampleRepository(user, "hello-jupyter");
  writeFileSync(path.join(repository, "requirements.txt"), "six\n");
  commitAll(repository, "other packages", "2024-05-03T12:00:00Z");
  giveTo(user, repository);

  const names = ["at-once-1", "at-once-2"];
  const builds = await Promise.all(
    names.map((name) => repo2singularity(user, ["--json-logs", "--image-name", name, repository])),
  );

  expect(builds.map((build) => build.status)).toEqual([0, 0]);
  const installs = builds
    .flatMap((build) => build.stderr.split("\n"))
    .filter((line) => line.includes("== Install the Python environment"));
  expect(installs.length).toBe(1);
  const digests = names.map((name) => sha256(path.join(user.home, `${name}.sif`)));
  expect(digests[0]).toBe(digests[1]);
  const verified = await repo2singularity(user, ["cache", "verify"]);
  expect(verified).toMatchObject({ status: 0 });
});
