import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { giveTo } from "./support/clones.ts";
import { jupyterClient } from "./support/jupyter-client.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { startSession } from "./support/session.ts";
import { leastUser, type User } from "./support/users.ts";

const postBuild = `#!/bin/bash
set -e
pip install jupyter-server-proxy
jupyter server extension enable jupyter_server_proxy
jupyter server extension disable jupyter_lsp
npm install -g cowsay
python -m ipykernel install --user --name left-by-postbuild
echo kept >~/from-postbuild
`;

const start = `#!/bin/sh
export SAID_BY_START=yes
exec "$@"
`;

const notebook = {
  cells: [{ cell_type: "code", execution_count: null, id: "a", metadata: {}, outputs: [], source: ["print(6 * 7)"] }],
  metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
  nbformat: 4,
  nbformat_minor: 5,
};

/** What a program of the image sees, as one line of JSON. */
const lookAround = `
import json, os, shutil, sys
print(json.dumps({"six": "six" in sys.modules, "path": sys.path, "cwd": os.getcwd(), "home": os.listdir(os.environ["HOME"]),
 "start": os.environ.get("SAID_BY_START"), "cowsay": shutil.which("cowsay"), "python": sys.executable}))`;

function makeRepository(user: User): string {
  const folder = path.join(mkdtempSync(path.join(user.home, "session-")), "session");
  mkdirSync(folder);
  const scripts = { postBuild, start, "script.sh": '#!/bin/sh\necho "$(basename "$PWD") $1"\n' };
  for (const [name, text] of Object.entries(scripts)) writeFileSync(path.join(folder, name), text, { mode: 0o755 });
  writeFileSync(path.join(folder, "requirements.txt"), "six\n");
  writeFileSync(path.join(folder, "notebook.ipynb"), JSON.stringify(notebook));
  giveTo(user, path.dirname(folder));
  return folder;
}

/** A home as people have it: packages, kernels and settings of other installations. */
function spoilHome(user: User): Record<string, string> {
  const leak = path.join(user.home, "leak");
  mkdirSync(path.join(user.home, ".local/share/jupyter/kernels/leaked"), { recursive: true });
  const kernel = { argv: ["/bin/false"], display_name: "leaked", language: "python" };
  writeFileSync(path.join(user.home, ".local/share/jupyter/kernels/leaked/kernel.json"), JSON.stringify(kernel));
  mkdirSync(path.join(user.home, ".jupyter"), { recursive: true });
  writeFileSync(path.join(user.home, ".jupyter/jupyter_server_config.py"), 'raise SystemExit("leaked settings")\n');
  mkdirSync(leak, { recursive: true });
  writeFileSync(path.join(leak, "json.py"), 'raise SystemExit("leaked module")\n');
  giveTo(user, user.home);
  return { PYTHONPATH: leak, PYTHONHOME: leak, JUPYTER_PATH: leak, JUPYTER_CONFIG_DIR: leak, CONDA_PREFIX: leak };
}

function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return ""; // it ended in the meantime
      }
    });
}

describe.each([leastUser()])("a session of $name", (user) => {
  let repository = "";
  let leaks: Record<string, string> = {};
  const image = (): string => path.join(user.home, "session.sif");

  beforeAll(async () => {
    repository = makeRepository(user);
    const built = await repo2singularity(user, ["--force", "--image-name", "session", repository]);
    expect(built).toMatchObject({ status: 0 });
    leaks = spoilHome(user);
  });

  test("runs the repository's notebooks with what postBuild and start left, and nothing of the host", async () => {
    await using session = await startSession(user, ["--image-name", "session", repository], leaks);
    const jupyter = jupyterClient(session.url);
    const token = new URL(session.url).searchParams.get("token") ?? "no token";

    const kernels = await jupyter.get("/api/kernelspecs");
    const seen = JSON.parse(await jupyter.execute(lookAround)) as Record<string, unknown>;
    const closed = await fetch(new URL("/api/contents", session.url));

    expect(JSON.parse(await jupyter.execute("import six, json; print(json.dumps(6 * 7))"))).toBe(42);
    expect(Object.keys((kernels.body as { kernelspecs: object }).kernelspecs).toSorted()).toEqual([
      "left-by-postbuild",
      "python3",
    ]);
    expect(seen).toMatchObject({ start: "yes", cowsay: "/srv/npm/bin/cowsay", python: "/srv/env/bin/python" });
    expect(seen["home"]).toContain("from-postbuild");
    expect(closed.status).toBe(403);
    expect((await jupyter.get("/lab")).status).toBe(200);
    expect((await jupyter.get("/lsp/status")).status).toBe(404);
    expect((await jupyter.get("/proxy/absolute/1/")).status).toBe(500); // the proxy is there, nothing behind port 1
    expect(commandLines().filter((line) => line.includes(token))).toEqual([]);
  });

  test("takes a script of the repository by its place in the repository", async () => {
    const ran = await runAs(user, "apptainer", ["run", "--userns", image(), "./script.sh", "hello"], { env: leaks });

    expect(ran).toMatchObject({ status: 0, stdout: "repo hello\n" });
  });

  test.each([[], ["--containall"]])("programs are the image's under exec %s", async (...options) => {
    const code = "import json, sys; print(sys.executable)";

    const ran = await runAs(user, "apptainer", ["exec", "--userns", ...options, image(), "python", "-c", code], {
      env: leaks,
    });

    expect(ran).toMatchObject({ status: 0, stdout: "/srv/env/bin/python\n" });
  });
});
