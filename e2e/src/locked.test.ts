import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitAll, giveTo, initRepository } from "./support/clones.ts";
import { type Ended, repo2singularity, runAs } from "./support/program.ts";
import { type PythonIndex, servePythonIndex } from "./support/python-index.ts";
import { smallRepository } from "./support/small-repository.ts";
import { leastUser } from "./support/users.ts";

const user = leastUser();

/** What `inspect --lock` prints, as far as these tests look at it. */
interface Lock {
  packages: { manager: string; name: string; version: string; digest?: string; prefix?: string }[];
}

async function lockOf(image: string): Promise<Lock> {
  const inspected = await repo2singularity(user, ["inspect", "--lock", image]);
  return JSON.parse(inspected.stdout) as Lock; // as the program prints it
}

describe("an image that is built again from its lock", () => {
  let index: PythonIndex;
  let repository = "";
  const build = (name: string, ...options: string[]): Promise<Ended> =>
    repo2singularity(user, ["--image-name", name, ...options, repository], {
      env: { PIP_EXTRA_INDEX_URL: index.url },
    });

  beforeAll(async () => {
    index = await servePythonIndex();
    index.publish("tides", "1.0");
    index.publish("currents", "1.0");
    repository = smallRepository(user, "locked", {
      "apt.txt": "tree\n",
      "requirements.txt": "tides\n",
      postBuild: "#!/bin/sh\npip install --quiet currents\n",
    });
    initRepository(repository);
    giveTo(user, repository);
    const first = await build("first");
    expect(first, first.stderr).toMatchObject({ status: 0 });
    index.publish("tides", "2.0");
    index.publish("currents", "2.0");
  });
  afterAll(() => index[Symbol.asyncDispose]());

  test("has the same versions and the same bytes, though newer versions came out", async () => {
    const again = await build("again", "--locked", "first.sif");

    expect(again, again.stderr).toMatchObject({ status: 0 });
    expect(again.stderr).not.toMatch(/Python environment.*cached/);
    expect(
      readFileSync(path.join(user.home, "again.sif")).equals(readFileSync(path.join(user.home, "first.sif"))),
    ).toBe(true);
  });

  test("takes the lock from a file, whose packages inspect shows", async () => {
    const lock = await lockOf("first.sif");
    const newer = lock.packages.map((one) =>
      one.name === "tides" || one.name === "currents" ? { ...one, version: "2.0", digest: undefined } : one,
    );
    writeFileSync(path.join(user.home, "newer.json"), JSON.stringify({ ...lock, packages: newer }));

    const built = await build("newer", "--locked", "newer.json");
    const code = "import tides, currents; print(tides.version, currents.version)";
    const image = path.join(user.home, "newer.sif");
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "python", "-c", code]);

    expect(lock.packages).toContainEqual(expect.objectContaining({ manager: "apt", name: "tree" }));
    expect(lock.packages.find(({ name }) => name === "tides")).toMatchObject({
      manager: "python",
      version: "1.0",
      prefix: "/srv/env",
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect(ran).toMatchObject({ status: 0, stdout: "2.0 2.0\n" });
  });

  test("names a package of the distribution that cannot be had in the lock's version", async () => {
    const lock = await lockOf("first.sif");
    const packages = lock.packages.map((one) => (one.name === "tree" ? { ...one, version: "0.1-1" } : one));
    writeFileSync(path.join(user.home, "wrong.json"), JSON.stringify({ ...lock, packages }));

    const ended = await build("wrong", "--locked", "wrong.json");

    expect(ended.stderr).toContain("tree (apt) is");
    expect(ended.stderr).toContain("the lock has 0.1-1");
    expect(ended.stderr).toContain("(E_LOCK_UNFIT)");
    expect(ended.status).toBe(1);
  });

  test("names what a repository asks for that the lock does not have", async () => {
    writeFileSync(path.join(repository, "requirements.txt"), "tides\nsix\n");
    commitAll(repository, "six", "2024-05-03T12:00:00Z");
    giveTo(user, repository);

    const ended = await build("more", "--locked", "first.sif");

    expect(ended.stderr).toContain("six (python, /srv/env)");
    expect(ended.stderr).toContain("is not in the lock");
    expect(ended.stderr).toContain("(E_LOCK_UNFIT)");
  });

  test("says so when what is named holds no lock", async () => {
    const ended = await build("none", "--locked", path.join(repository, "requirements.txt"));

    expect(ended.stderr).toContain("(E_LOCK_INVALID)");
    expect(ended.status).toBe(2);
  });
});
