import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { processRunner } from "@repo2singularity/base";
import { localFiles, readHostSettings } from "@repo2singularity/build";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleRepository, giveTo } from "./support/clones.ts";
import {
  debianJuliaVersion,
  hasDebianJulia,
  juliaArchiveUrl,
  juliaVersions,
  makeJuliaRelease,
} from "./support/julia/debian-julia.ts";
import { makeJuliaPackages } from "./support/julia/julia-packages.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { leastUser } from "./support/users.ts";
import { scratchFolder } from "./support/run-folder.ts";
import { setMirrors } from "./support/user-config.ts";

const host = { env: process.env, homeDir: process.env["HOME"] ?? "/", ...localFiles, runner: processRunner };
const { archives } = await readHostSettings(host);
const archive = archives.debian?.uri ?? "http://deb.debian.org/debian";
const isPossible = process.arch === "x64" && hasDebianJulia(archive);
const scratch = scratchFolder("julia");
const user = leastUser();
const image = path.join(user.home, "julia.sif");
const asked: string[] = [];
let server: Server | undefined;
let port = 0;

/** An image's lock, as far as these tests look at it. */
interface Lock {
  readonly packages: readonly { readonly manager: string; readonly name: string; readonly version: string }[];
  readonly files: Readonly<Record<string, string>>;
}

async function lockOf(name: string): Promise<Lock> {
  const inspected = await repo2singularity(user, ["inspect", "--lock", path.join(user.home, name)]);
  return JSON.parse(inspected.stdout) as Lock; // as the program prints it
}

/** The lock of the image, with Example 0.5.2 in place of 0.5.3. */
async function lockWithOlderExample(): Promise<string> {
  const versions = readFileSync(path.join(scratch, "registry/Example/Versions.toml"), "utf8");
  const treeOf = (version: string): string =>
    new RegExp(`"${version}"\\]\\ngit-tree-sha1 = "(\\w+)"`).exec(versions)?.[1] ?? "";
  const text = JSON.stringify(await lockOf("julia.sif"));
  return text.replaceAll(treeOf("0.5.3"), treeOf("0.5.2")).replaceAll("0.5.3", "0.5.2");
}

/** Julia's builds and its package server in one, on loopback. The Julia is a real one; its packages are synthetic. */
function serve(release: string, packages: string): Server {
  const content = readFileSync(release);
  const versions = juliaVersions(release, createHash("sha256").update(content).digest("hex"));
  const builds = new Map<string, Buffer>([
    ["/bin/versions.json", Buffer.from(JSON.stringify(versions))],
    [new URL(juliaArchiveUrl(debianJuliaVersion)).pathname, content],
  ]);
  return createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    try {
      response.end(builds.get(url) ?? readFileSync(path.join(packages, path.normalize(url))));
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
}

describe.runIf(isPossible)("a project of Julia with requirements of Python", () => {
  beforeAll(async () => {
    server = serve(makeJuliaRelease(scratch, archive), makeJuliaPackages(scratch));
    await new Promise((resolve) => server?.once("listening", resolve));
    port = (server.address() as AddressInfo).port; // of a TCP server
    const repository = exampleRepository(user, "julia");
    const url = `http://127.0.0.1:${port}`;
    setMirrors(user, { juliaBuilds: url, juliaPackages: url });
    const built = await repo2singularity(user, [repository]);
    expect(built.status, built.stderr).toBe(0);
    writeFileSync(path.join(user.home, "older.json"), await lockWithOlderExample());
    const again = await repo2singularity(user, ["--image-name", "older", "--locked", "older.json", repository]);
    expect(again.status, again.stderr).toBe(0);
    server.close();
    server.closeAllConnections();
  });

  afterAll(() => {
    server?.close();
  });

  test("takes the newest stable release that fits and has a build for the platform", () => {
    expect(asked.filter((url) => url.startsWith("/bin/"))).toEqual([
      "/bin/versions.json",
      "/bin/linux/x64/1.5/julia-1.5.3-linux-x86_64.tar.gz",
      "/bin/versions.json", // of the build with a lock
      "/bin/linux/x64/1.5/julia-1.5.3-linux-x86_64.tar.gz",
    ]);
  });

  test("runs its notebook with the Julia kernel, and both languages have their packages", async () => {
    const ran = await runAs(user, "apptainer", ["run", "--userns", image, "./verify"]);

    expect(ran.stdout, ran.stderr).toContain("julia: ok");
    expect(ran.status).toBe(0);
  });

  test("has the versions of a lock, although newer ones fit", async () => {
    const older = path.join(user.home, "older.sif");
    const program = "using Example; println(Example.version)";
    const ran = await runAs(user, "apptainer", ["exec", "--userns", older, "julia", "-e", program]);
    const [first, second] = [await lockOf("julia.sif"), await lockOf("older.sif")];
    const julia = ({ packages }: Lock): string[] =>
      packages.filter(({ manager }) => manager === "julia").map(({ name, version }) => `${name} ${version}`);

    expect(ran).toMatchObject({ status: 0, stdout: "0.5.2\n" });
    expect(julia(first).toSorted()).toEqual(["Example 0.5.3", "IJulia 1.0.0", "julia 1.5.3"]);
    expect(julia(second).toSorted()).toEqual(["Example 0.5.2", "IJulia 1.0.0", "julia 1.5.3"]);
    expect(first.files["julia/kernel/Project.toml"]).toContain("IJulia");
  });

  test("a session adds packages to its own copy of the project", async () => {
    const program =
      'using Pkg; Pkg.develop(path="/srv/julia/pkg/packages/Example/" * readdir("/srv/julia/pkg/packages/Example")[1])';
    const show = "println(Base.active_project()); println(DEPOT_PATH[1])";
    const ran = await runAs(user, "apptainer", ["run", "--userns", image, "julia", "-e", `${program}; ${show}`]);

    expect(ran.stdout, ran.stderr).toMatch(
      /^\S+\/r2s-session-\w+\/repo\/Project\.toml\n\S+\/r2s-session-\w+\/home\/\.julia\n$/,
    );
    expect(ran.status).toBe(0);
  });

  test("has its packages compiled, and nothing of the host's Julia reaches them", async () => {
    mkdirSync(path.join(user.home, ".julia/config"), { recursive: true });
    writeFileSync(path.join(user.home, ".julia/config/startup.jl"), 'println("startup of the host")\n');
    giveTo(user, path.join(user.home, ".julia"));
    const program = "using Example; println(Example.version, Base.active_project())";
    const env = {
      JULIA_PROJECT: "/nowhere",
      JULIA_LOAD_PATH: "/nowhere",
      JULIA_DEPOT_PATH: "/nowhere",
      APPTAINERENV_JULIA_DEBUG: "loading",
    };
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "julia", "-e", program], { env });

    expect(ran).toMatchObject({ status: 0, stdout: "0.5.3/srv/repo/Project.toml\n" });
    expect(ran.stderr).not.toMatch(/Precompiling|Rejecting/);
  });

  test("has no trace of where its packages came from", async () => {
    const find = [
      "exec",
      "--userns",
      image,
      "grep",
      "-rl",
      `127.0.0.1:${port}`,
      "/srv/julia/pkg",
      "/srv/env/share",
      "/srv/repo",
    ];

    expect((await runAs(user, "apptainer", find)).stdout).toBe("");
  });
});
