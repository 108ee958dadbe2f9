import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { exampleRepository } from "./support/clones.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { leastUser } from "./support/users.ts";

const user = leastUser();

describe(`a repository with a file of its own, built by ${user.name}`, () => {
  const image = path.join(user.home, "own-file.sif");
  let repository = "";

  beforeAll(async () => {
    repository = exampleRepository(user, "own-file");
    const built = await repo2singularity(user, [repository]);
    expect(built.status, built.stderr).toBe(0);
  });

  test("runs its own command, with its packages and variables, and says what its sessions want", async () => {
    const ran = await runAs(user, "apptainer", ["run", "--userns", image]);
    const labels = await runAs(user, "apptainer", ["inspect", image]);

    expect(ran).toMatchObject({ status: 0, stdout: "own-file: ok\n" });
    expect(labels.stdout).toMatch(/org\.repo2singularity\.resources\.memory-bytes: 536870912\n/);
    expect(labels.stdout).toMatch(/org\.repo2singularity\.resources\.time-seconds: 600\n/);
  });

  test("is built again after an edit of a variable without the layers that repositories share, and runs by --run", async () => {
    const file = path.join(repository, "repo2singularity.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("LEVELS: 3", "LEVELS: 4").replace("cpus: 1", "cpus: 4096"));

    const ran = await repo2singularity(user, ["--force", "--run", repository]);

    expect(ran.stderr).toMatch(/^\s*server cached/m);
    expect(ran.stderr).toContain("note: the image wants 4096 CPUs, and this machine has ");
    expect(ran.status).toBe(1);
  });
});
