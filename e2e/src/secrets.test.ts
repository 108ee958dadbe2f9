import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { giveTo, initRepository } from "./support/clones.ts";
import { cacheOf, expectNoLeftovers } from "./support/leftovers.ts";
import { type Ended, repo2singularity, runAs } from "./support/program.ts";
import { close, isAllowed, listen, type Login, type PythonIndex, servePythonIndex } from "./support/python-index.ts";
import { smallRepository } from "./support/small-repository.ts";
import { setMirrors } from "./support/user-config.ts";
import { leastUser, withOwnCache } from "./support/users.ts";

const user = withOwnCache(leastUser()); // others would leave files in it while this looks for leftovers
const login: Login = { user: "somebody", password: "correct-horse-battery" };
const places = mkdtempSync(path.join(user.home, "secrets-"));
const netrc = path.join(places, "netrc");

describe("packages behind a password", () => {
  let index: PythonIndex;
  let git: Server;
  let gitPort = 0;

  const build = (name: string, files: Readonly<Record<string, string>>, ...flags: string[]): Promise<Ended> =>
    repo2singularity(user, ["--debug", "--image-name", name, ...flags, smallRepository(user, name, files)], {
      env: { PIP_EXTRA_INDEX_URL: index.url },
    });

  beforeAll(async () => {
    index = await servePythonIndex(login);
    index.publish("tides", "1.0");
    git = serveGit(places, login);
    gitPort = await listen(git);
    setMirrors(user, { gitlab: `http://127.0.0.1:${gitPort}` }); // steps reach a server of this machine that settings name
    makePackageRepository(path.join(places, "private.git"));
    writeFileSync(netrc, `machine 127.0.0.1\n  login ${login.user}\n  password ${login.password}\n`, { mode: 0o600 });
    giveTo(user, places);
  });
  afterAll(async () => {
    await index[Symbol.asyncDispose]();
    await close(git);
  });

  test("a private index and a private git repository by netrc, and nobody sees the password afterwards", async () => {
    const built = await build(
      "private",
      {
        "requirements.txt": `tides\nprivate @ git+http://127.0.0.1:${gitPort}/private.git\n`,
        postBuild: "#!/bin/sh\ncat /run/secrets/netrc\necho token: $INDEX_TOKEN\n",
      },
      "--secret",
      `id=netrc,src=${netrc}`,
      "--secret",
      `id=INDEX_TOKEN,src=${netrc}`,
    );
    const image = path.join(user.home, "private.sif");
    const code = "import tides, private; print(tides.version, private.version)";
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "python", "-c", code]);

    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect(ran).toMatchObject({ status: 0, stdout: "1.0 3.0\n" });
    expect(built.stderr).toContain("token: ****");
    expect(built.stderr + built.stdout).not.toContain(login.password);
    await expectNowhere(image);
    expectNoLeftovers(user);
  });

  test("without the secret the build fails, and asks nobody for a password", async () => {
    const built = await build("public", {
      "requirements.txt": `private @ git+http://127.0.0.1:${gitPort}/private.git\n`,
    });

    expect(built.stderr).toContain("(E_STEP_FAILED)");
  });

  test("a postBuild that writes the secret into the image is refused", async () => {
    const built = await build(
      "leaking",
      { postBuild: "#!/bin/sh\ncp /run/secrets/netrc settings\n" },
      "--secret",
      `id=netrc,src=${netrc}`,
    );

    expect(built.stderr).toContain("(E_SECRET_IN_LAYER)");
    expect(built.stderr).toContain("/srv/repo/settings");
    expect(built.stderr).not.toContain(login.password);
    expectNoLeftovers(user);
  });

  /** Looks into every file of the image and of the cache. */
  async function expectNowhere(image: string): Promise<void> {
    const unpacked = path.join(user.home, "private-unpacked");
    const unpack = await repo2singularity(user, ["image", "unpack", image, unpacked]);
    expect(unpack).toMatchObject({ status: 0 });
    const found = await runAs(user, "grep", ["-rla", login.password, image, unpacked, cacheOf(user)]);
    expect(found.stdout).toBe("");
  }
});

/** A bare repository with a Python package of one module. */
function makePackageRepository(folder: string): void {
  const work = `${folder}-work`;
  mkdirSync(work);
  writeFileSync(path.join(work, "private.py"), 'version = "3.0"\n');
  writeFileSync(
    path.join(work, "pyproject.toml"),
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "private"\nversion = "3.0"\n[tool.setuptools]\npy-modules = ["private"]\n',
  );
  initRepository(work);
  execFileSync("git", ["clone", "--quiet", "--bare", work, folder]);
}

/** git's own smart server for those who know the password. Source: git-http-backend(1), RFC 3875 */
function serveGit(folder: string, allowed: Login): Server {
  const program = path.join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  return createServer((request, response) => {
    if (!isAllowed(request.headers.authorization, allowed)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const child = spawn(program, [], {
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "safe.directory",
        GIT_CONFIG_VALUE_0: "*",
        REQUEST_METHOD: request.method,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        HTTP_GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
    request.pipe(child.stdin);
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.on("close", () => {
      const answer = Buffer.concat(parts);
      const end = answer.indexOf("\r\n\r\n");
      const headers = answer.subarray(0, end).toString("latin1").split("\r\n");
      for (const line of headers) {
        const [name = "", value = ""] = line.split(/: (.*)/s);
        if (name === "Status") response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.end(answer.subarray(end + 4));
    });
  });
}
