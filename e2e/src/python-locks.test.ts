import path from "node:path";
import { describe, expect, test } from "vitest";
import { exampleRepository } from "./support/clones.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { leastUser } from "./support/users.ts";

describe.each([leastUser()])("built by $name, a repository", (user) => {
  test.each(["pipfile", "uv-lock", "poetry-lock", "pylock"])(
    "with a lock as in %s has what was locked",
    async (name) => {
      const built = await repo2singularity(user, [exampleRepository(user, name)]);
      expect(built).toMatchObject({ status: 0 });

      const image = path.join(user.home, `${name}.sif`);
      const verified = await runAs(user, "apptainer", ["run", "--userns", image, "./verify"]);
      const kernel = await runAs(user, "apptainer", ["exec", "--userns", image, "python", "-c", "import ipykernel"]);

      expect(verified).toMatchObject({ status: 0, stdout: `${name}: ok\n` });
      expect(kernel).toMatchObject({ status: 0 });
    },
  );
});
