import { createHash } from "node:crypto";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { juliaReleaseProgram } from "./release-program.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "r2s-julia-release-"));
const content = "an archive";
const sha256 = createHash("sha256").update(content).digest("hex");
let server: Server | undefined;

function file(version: string, rest: object = {}): object {
  const url = `https://julialang-s3.julialang.org/bin/linux/${version}.tar.gz`;
  return { url, triplet: "x86_64-linux-gnu", kind: "archive", sha256, ...rest };
}

const releases = {
  "1.9.4": { stable: true, files: [file("1.9.4")] },
  "1.10.10": { stable: true, files: [file("1.10.10")] },
  "1.10.4": { stable: true, files: [file("1.10.4")] },
  "1.11.0": { stable: true, files: [file("1.11.0", { triplet: "x86_64-apple-darwin14" })] },
  "1.11.1": { stable: true, files: [file("1.11.1", { sha256: "0".repeat(64) })] },
  "1.12.0-rc1": { stable: false, files: [file("1.12.0-rc1")] },
};

/** Runs the program as a step does. */
async function run(
  request: object,
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: unknown; readonly out: string; readonly err: string }> {
  if (server === undefined) throw new Error("nothing listens");
  const { port } = server.address() as AddressInfo; // of a listening TCP server
  writeFileSync(
    join(folder, "request.json"),
    JSON.stringify({ triplet: "x86_64-linux-gnu", asked: "x asks", ...request }),
  );
  writeFileSync(join(folder, "program.py"), juliaReleaseProgram);
  const words = [
    "-I",
    join(folder, "program.py"),
    join(folder, "request.json"),
    join(folder, "julia.tar.gz"),
    join(folder, "kept/version"),
  ];
  const env = { PATH: process.env["PATH"] ?? "", R2S_JULIA_BUILDS: `http://127.0.0.1:${port}/mirror`, ...more };
  const child = spawn("python3", words, { env });
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { status, out, err };
}

describe.runIf(hasPython)("fetching a release of Julia", () => {
  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = request.url ?? "";
      if (url === "/mirror/bin/versions.json") response.end(JSON.stringify(releases));
      else if (url.startsWith("/mirror/bin/linux/1.")) response.end(content);
      else response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  afterAll(() => {
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("takes the version of a lock before any other, and keeps the one that it took", async () => {
    mkdirSync(join(folder, "lock/julia"), { recursive: true });
    writeFileSync(join(folder, "lock/julia/version"), "1.9.4\n");
    const kept = (): string => readFileSync(join(folder, "kept/version"), "utf8");
    const ranges = [{ from: "1.9.0", below: "1.11.0" }];

    const free = await run({ ranges });
    const taken = kept();
    const locked = await run({ ranges }, { R2S_LOCK_FILES: join(folder, "lock") });

    expect([free.status, locked.status], locked.err).toEqual([0, 0]);
    expect([taken, kept()]).toEqual(["1.10.10\n", "1.9.4\n"]);
  });

  test("takes the newest of the ranges by number, not by text", async () => {
    const ranges = [
      { from: "1.9.0", below: "1.10.5" },
      { from: "1.10.6", below: "1.11.0" },
    ];

    expect(await run({ ranges })).toMatchObject({ status: 0, out: "Julia 1.10.10\n" });
    expect(readFileSync(join(folder, "julia.tar.gz"), "utf8")).toBe(content);
  });

  test("takes a pre-release only when it is asked for by name", async () => {
    expect(await run({ exact: "1.12.0-rc1" })).toMatchObject({ status: 0, out: "Julia 1.12.0-rc1\n" });
    expect((await run({ ranges: [{ from: "1.11.2", below: null }] })).status).toBe(1);
  });

  test("says what there is when nothing fits the platform", async () => {
    const { status, err } = await run({ ranges: [{ from: "1.11.0", below: "1.11.1" }] });

    expect(status).toBe(1);
    expect(err).toContain("no release for x86_64-linux-gnu fits x asks; the newest are 1.9.4, 1.10.4, 1.10.10");
  });

  test("refuses an archive that is not what the list says", async () => {
    const { status, err } = await run({ ranges: [{ from: "1.11.0", below: null }] });

    expect(status).toBe(1);
    expect(err).toContain("does not have the digest");
  });
});
