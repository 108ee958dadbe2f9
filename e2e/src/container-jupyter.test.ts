import { spawnSync } from "node:child_process";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { jupyterClient } from "./support/jupyter-client.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { startSession } from "./support/session.ts";
import { smallRepository } from "./support/small-repository.ts";
import { leastUser } from "./support/users.ts";

const minutes = 60_000;
const canBootstrap = spawnSync("apt-get", ["--version"]).status === 0;
const canRun = spawnSync("apptainer", ["--version"]).status === 0;
const user = leastUser();

/** An image with a Python of its own that knows nothing of Jupyter. */
const dockerfile = `FROM debian
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv
RUN python3 -m venv /opt/model && echo 'answer = 42' > "$(/opt/model/bin/python -c 'import site; print(site.getsitepackages()[0])')/model.py"
ENV PATH=/opt/model/bin:$PATH MODEL=/opt/model
CMD ["python", "-c", "print('the image itself')"]
`;

describe.runIf(canBootstrap && canRun)("a Dockerfile without Jupyter", () => {
  const repository = smallRepository(user, "model", { Dockerfile: dockerfile, "notes.txt": "kept\n" });
  const plain = ["--build-context", "debian=auto", "--image-name", "plain", repository];
  const asked = ["--build-context", "debian=auto", "--image-name", "asked", "--jupyter", repository];

  beforeAll(async () => {
    for (const args of [plain, asked]) {
      const built = await repo2singularity(user, args);
      expect(built, built.stderr.slice(-4_000)).toMatchObject({ status: 0 });
    }
  }, 10 * minutes);

  test("runs its own command, and says how to have Jupyter", async () => {
    const ran = await repo2singularity(user, ["--run", ...plain]);

    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining("the image itself") as string });
    expect(ran.stderr).toContain("build it with --jupyter");
  });

  test("with --jupyter notebooks see the image's own packages, variables and the repository", async () => {
    await using session = await startSession(user, asked);
    const said = await jupyterClient(session.url).execute(
      "import model, os, sys; print(model.answer, os.environ['MODEL'], sys.prefix, open('notes.txt').read())",
    );

    expect(said.trim()).toBe("42 /opt/model /srv/env kept");
  });

  test("is kept when nothing changed", async () => {
    const again = await repo2singularity(user, asked);

    expect(again.stderr).toContain("is this very image: kept");
  });

  test("a Dockerfile whose image has a Jupyter of its own is run with it", async () => {
    const own = smallRepository(user, "own", {
      Dockerfile: 'FROM asked\nENV PATH=/srv/jupyter/bin:$PATH\nWORKDIR /\nCMD ["jupyter", "lab", "--ip=0.0.0.0"]\n',
    });
    const image = path.join(user.home, "asked.sif");
    await using session = await startSession(user, ["--build-context", `asked=${image}`, own]);

    expect((await jupyterClient(session.url).get("/api/status")).status).toBe(200);
  });

  test("apptainer runs a command in the image as it is told", async () => {
    const image = path.join(user.home, "asked.sif");
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "python", "-c", "import model, ipykernel"]);

    expect(ran, ran.stderr).toMatchObject({ status: 0 });
  });
});
