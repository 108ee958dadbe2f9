import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { processRunner } from "@repo2singularity/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeTestFolder, testEnv, writeFiles } from "../testing/git-fixtures.ts";
import { makeZip, type ZipMember } from "../testing/make-zip.ts";
import { checkLinks } from "./check-links.ts";
import { isArchiveName } from "./archive-names.ts";
import { unpackArchive } from "./unpack-archive.ts";
import type { UnpackLimits } from "./unpack-limits.ts";
import { unwrapFolder } from "./unwrap-folder.ts";

const run = promisify(execFile);
const limits: UnpackLimits = { maxBytes: 2 ** 24, entryCount: 1000, ratio: 200, ratioFromBytes: 2 ** 24 };
const link = (name: string, content: string): ZipMember => ({ name, content, mode: 0o120777 });

let folder = "";
beforeEach(async () => {
  folder = await makeTestFolder();
});
afterEach(() => rm(folder, { recursive: true }));

async function unpack(archive: Uint8Array | string, more: Partial<UnpackLimits> = {}): Promise<string> {
  const path = join(folder, "archive");
  const target = join(folder, "target");
  await writeFile(path, typeof archive === "string" ? await readFile(archive) : archive);
  const tools = { runProcess: processRunner, env: testEnv, limits: { ...limits, ...more } };
  await unpackArchive(path, target, tools, "x.zip");
  await unwrapFolder(target);
  await checkLinks(target, "x.zip");
  expect(existsSync(path)).toBe(false);
  return target;
}

describe("zip", () => {
  test("keeps executable bits and links, and unwraps the only folder", async () => {
    const target = await unpack(
      makeZip([
        { name: "repo/", mode: 0o040755 },
        { name: "repo/run.sh", content: "#!/bin/sh\n", mode: 0o100755 },
        { name: "repo/sub/a.txt", content: "a", mode: 0o100644 },
        link("repo/sub/up", "../run.sh"),
      ]),
    );

    expect((await stat(join(target, "run.sh"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(target, "sub/a.txt"))).mode & 0o777).toBe(0o644);
    expect(await readlink(join(target, "sub/up"))).toBe("../run.sh");
  });

  test("archives of Windows programs unpack with plain modes and slashes", async () => {
    const target = await unpack(makeZip([{ name: "a\\b.txt", content: "1" }, { name: "c.txt" }]));

    expect(await readFile(join(target, "a/b.txt"), "utf8")).toBe("1");
    expect((await stat(join(target, "c.txt"))).mode & 0o777).toBe(0o644);
  });

  test.runIf(existsSync("/usr/bin/zip"))("reads what Info-ZIP writes", async () => {
    await writeFiles(join(folder, "in"), { "r/é.txt": "x".repeat(100_000), "r/b": "" });
    await symlink("b", join(folder, "in/r/l"));
    await run("zip", ["--quiet", "--symlinks", "--recurse-paths", "../made.zip", "r"], { cwd: join(folder, "in") });

    const target = await unpack(join(folder, "made.zip"));
    expect((await readdir(target)).sort()).toEqual(["b", "l", "é.txt"]);
    expect(await readlink(join(target, "l"))).toBe("b");
  });

  test.each([
    ["a name that climbs out", [{ name: "../out", content: "x" }], "E_PATH_ESCAPE"],
    ["a name that climbs out with backslashes", [{ name: "..\\out", content: "x" }], "E_PATH_ESCAPE"],
    ["an absolute name", [{ name: "/etc/out", content: "x" }], "E_PATH_ESCAPE"],
    ["a drive letter", [{ name: "C:/out", content: "x" }], "E_PATH_ESCAPE"],
    ["a link that leads out", [link("l", "../out")], "E_PATH_ESCAPE"],
    ["an absolute link", [link("l", "/etc/passwd")], "E_PATH_ESCAPE"],
    ["a link that leads out behind another", [link("here", "."), link("l", "here/../../out")], "E_PATH_ESCAPE"],
    ["a file behind a link", [link("l", ".."), { name: "l/out", content: "x" }], "E_PATH_ESCAPE"],
    ["a link out of the only folder", [{ name: "r/a" }, link("r/l", "../r/a")], "E_PATH_ESCAPE"],
    ["a device", [{ name: "d", mode: 0o060644 }], "E_ARCHIVE_INVALID"],
    ["encryption", [{ name: "a", content: "x", isEncrypted: true }], "E_ARCHIVE_INVALID"],
    ["a size that lies", [{ name: "a", content: "x".repeat(999), claimedBytes: 5 }], "E_ARCHIVE_INVALID"],
    ["a link as long as a book", [link("l", "x".repeat(5000))], "E_ARCHIVE_INVALID"],
  ] as const)("refuses %s", async (_, members, code) => {
    await expect(unpack(makeZip(members))).rejects.toMatchObject({ code });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  test("refuses a bomb by its announced size, by its ratio and by its entries, before anything grows", async () => {
    const zeros = makeZip([{ name: "a", content: Buffer.alloc(2 ** 21) }]);

    await expect(unpack(zeros, { maxBytes: 2 ** 20 })).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    await expect(unpack(zeros, { ratioFromBytes: 2 ** 20 })).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    await expect(unpack(makeZip([{ name: "a" }, { name: "b" }]), { entryCount: 1 })).rejects.toMatchObject({
      code: "E_LIMIT_EXCEEDED",
    });
    await unpack(zeros);
  });

  test("a damaged archive is a coded error, wherever it is damaged or cut", async () => {
    const good = makeZip([{ name: "a.txt", content: "hello ".repeat(50) }, { name: "b/" }, link("l", "a.txt")]);
    const codes = /^E_(?:ARCHIVE_INVALID|PATH_ESCAPE|LIMIT_EXCEEDED|TREE_INVALID|TAR_INVALID|TAR_TRUNCATED)$/;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, bit, cut) => {
          const damaged = cut ? good.subarray(0, at) : Buffer.from(good);
          if (!cut) damaged[at] = (damaged[at] ?? 0) ^ bit;
          await rm(join(folder, "target"), { recursive: true, force: true });
          await mkdir(join(folder, "target"));
          await unpack(damaged).catch((error: unknown) => {
            expect(error).toMatchObject({ code: expect.stringMatching(codes) });
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("tar", () => {
  test.each([
    ["tar", []],
    ["tar.gz", ["--gzip"]],
    ["tar.xz", ["--xz"]],
    ["tar.bz2", ["--bzip2"]],
  ])("unpacks a .%s that GNU tar wrote", async (suffix, flags) => {
    await writeFiles(join(folder, "in/r"), { "a.txt": "a", "s/b": "b" });
    await symlink("s/b", join(folder, "in/r/l"));
    await run("tar", ["-c", ...flags, "-f", `../made.${suffix}`, "r"], { cwd: join(folder, "in") });

    const target = await unpack(join(folder, `made.${suffix}`));
    expect(await readFile(join(target, "l"), "utf8")).toBe("b");
  });

  test("refuses zeros without end behind the last file, and links that lead out", async () => {
    const few = { entryCount: 1, maxBytes: 2 ** 20 };
    await expect(unpack(gzipSync(Buffer.alloc(2 ** 22)), few)).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    await mkdir(join(folder, "in"));
    await symlink("../..", join(folder, "in/l"));
    await run("tar", ["-cf", "made.tar", "in"], { cwd: folder });
    await expect(unpack(join(folder, "made.tar"))).rejects.toMatchObject({ code: "E_PATH_ESCAPE" });
  });

  test("stops xz and bzip2 at the limit", async () => {
    await writeFile(join(folder, "zeros"), Buffer.alloc(2 ** 22));
    for (const program of ["xz", "bzip2"]) {
      await run(program, ["--keep", join(folder, "zeros")]);
      const packed = join(folder, program === "xz" ? "zeros.xz" : "zeros.bz2");
      await expect(unpack(packed, { maxBytes: 2 ** 20 })).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    }
  });

  test("a missing xz is named with what mends it", async () => {
    await writeFile(join(folder, "archive"), Buffer.from("fd377a585a000000", "hex"));
    const tools = { runProcess: processRunner, env: { PATH: folder }, limits };
    await symlink("/bin/sh", join(folder, "sh"));

    await expect(unpackArchive(join(folder, "archive"), join(folder, "t"), tools, "x.tar.xz")).rejects.toMatchObject({
      code: "E_PROCESS_NOT_FOUND",
      hint: expect.stringContaining("xz-utils"),
    });
  });
});

test("a page that is no archive is told so", async () => {
  await expect(unpack(Buffer.from("<html>not found</html>"))).rejects.toMatchObject({
    code: "E_ARCHIVE_INVALID",
    message: expect.stringContaining("neither a zip nor a tar"),
  });
});

test("names of archives are known by their ends", () => {
  const names = ["a.zip", "A.ZIP", "a.tar", "a.tgz", "a.tar.gz", "a.tar.xz", "a.tbz2", "a.tar.zst"];
  expect(names.filter((name) => !isArchiveName(name))).toEqual([]);
  expect(["a.gz", "zip", "a.zip.txt", "a.whl", "data.npz"].filter(isArchiveName)).toEqual([]);
});
