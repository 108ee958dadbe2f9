import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { exampleRepository } from "./support/clones.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { leastUser } from "./support/users.ts";

const minutes = 60_000;
const canBootstrap = spawnSync("apt-get", ["--version"]).status === 0;
const canRun = spawnSync("apptainer", ["--version"]).status === 0;
/** The machine's own apt sources in place of a registry. */
const base = ["--build-context", "debian:trixie=debootstrap:trixie"];

describe.runIf(canBootstrap && canRun).each([leastUser()])("examples of container files for $name", (user) => {
  test.each(["dockerfile", "definition"])(
    "%s keeps what it promises, and is kept when nothing changed",
    async (name) => {
      const repository = exampleRepository(user, name);

      const built = await repo2singularity(user, [...base, repository]);
      const again = await repo2singularity(user, [...base, repository]);

      expect(built.stderr).not.toContain("E_");
      expect(built.status).toBe(0);
      expect(again.stderr).toContain("is this very image: kept");
      const image = path.join(user.home, `${name}.sif`);
      const verified = await runAs(user, "apptainer", ["exec", "--userns", "--cleanenv", image, "/opt/verify"]);
      expect(verified.stdout).toContain(`${name}: ok`);
      const ran = await runAs(user, "apptainer", ["run", "--userns", image]);
      expect(ran.stdout).toMatch(/earth/i);
    },
    20 * minutes,
  );
});
