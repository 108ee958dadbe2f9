import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { exampleRepository, giveTo } from "./support/clones.ts";
import { containerRepository } from "./support/container-repository.ts";
import { expectNoLeftovers, expectSoundCache } from "./support/leftovers.ts";
import { type Ended, repo2singularity, runAs } from "./support/program.ts";
import { smallRepository } from "./support/small-repository.ts";
import { squashfsBomb } from "./support/squashfs-bomb.ts";
import { allUsers, leastUser, withOwnCache } from "./support/users.ts";

const user = withOwnCache(leastUser()); // others would leave files in it while this looks for leftovers
const isRoot = process.getuid?.() === 0;
const closedPort = 9; // "discard", which nothing serves

/** One readable error: a sentence, a code, no stack; and the exit status. */
function expectError(ended: Ended, status: number, code: string, ...texts: readonly string[]): void {
  expect(ended.stderr).toContain(`(${code})`);
  expect(ended.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(ended.stderr).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);
  for (const text of texts) expect(ended.stderr).toContain(text);
  expect(ended.status).toBe(status);
}

afterEach(() => expectNoLeftovers(user));

describe("what can be told before anything is built", () => {
  test("a ref that the repository does not have, with those that are near", async () => {
    const repository = exampleRepository(user, "hello-jupyter");

    const ended = await repo2singularity(user, ["--ref", "mian", `file://${repository}`]);

    expectError(ended, 1, "E_SOURCE_REF_UNKNOWN", "mian", "main");
  });

  test("a git server that cannot be reached", async () => {
    const ended = await repo2singularity(user, [`http://127.0.0.1:${closedPort}/owner/repo.git`], {
      env: { http_proxy: "", HTTP_PROXY: "" },
    });

    expectError(ended, 1, "E_SOURCE_NETWORK", `127.0.0.1:${closedPort}`, "hint: ");
  });

  test("both binder/ and .binder/", async () => {
    const repository = smallRepository(user, "both", { "binder/apt.txt": "tree\n", ".binder/apt.txt": "tree\n" });

    const ended = await repo2singularity(user, ["plan", "--base", "debootstrap:bookworm", repository]);

    expectError(ended, 1, "E_RECIPE_BOTH_CONFIG_DIRS", "binder/ and .binder/");
  });

  test("an environment.yml that is no YAML, with its file and line", async () => {
    const repository = smallRepository(user, "yaml", {
      "environment.yml": "name: x\ndependencies:\n  - python=3.11\n - pip: [\n",
    });

    const ended = await repo2singularity(user, ["plan", "--base", "debootstrap:bookworm", repository]);

    expectError(ended, 1, "E_RECIPE_FILE_INVALID", "environment.yml:4:1");
  });

  test("a name that leads out of the folder", async () => {
    const ended = await repo2singularity(user, ["--image-name", "../escaped", "."]);

    expect(ended).toMatchObject({ status: 2 });
    expect(ended.stderr).toContain("--image-name");
    expect(existsSync(path.join(user.home, "../escaped.sif"))).toBe(false);
  });

  test("an output folder that is not there or may not be written", async () => {
    const ended = await repo2singularity(user, ["image", "pack", user.clone + "/examples", "/no/such/folder/out.sqfs"]);

    expectError(ended, 1, "E_FILE_ACCESS", "/no/such/folder");
  });
});

test("a reader that reads no further is no error", async () => {
  const line = `"${user.clone}/bin/repo2singularity" image list "$0" | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const packed = path.join(user.home, "listed.sqfs");
  await repo2singularity(user, ["image", "pack", user.clone + "/packages", packed]);

  const ended = await runAs(user, "bash", ["-c", line, packed]);

  expect(ended).toMatchObject({ status: 0, stderr: "" });
  expect(ended.stdout.split("\n")).toHaveLength(3);
  expect(ended.stdout).toMatch(/\n0\n$/);
});

describe("steps that fail", () => {
  test("a package that apt does not know", async () => {
    const repository = smallRepository(user, "apt", { "apt.txt": "no-such-package-of-nobody\n" });

    const ended = await repo2singularity(user, [repository]);

    expectError(ended, 1, "E_STEP_FAILED", "| E: Unable to locate package no-such-package-of-nobody", "apt.txt");
  });

  test("a Python package that no index has", async () => {
    const repository = smallRepository(user, "pip", { "requirements.txt": "no-such-package-of-nobody==1.0\n" });

    const ended = await repo2singularity(user, [repository]);

    expectError(ended, 1, "E_STEP_FAILED", "no-such-package-of-nobody was not found");
  });

  test("a package index that cannot be reached", async () => {
    const repository = smallRepository(user, "index", { "requirements.txt": "no-such-package-of-nobody==2.0\n" });
    const index = `http://127.0.0.1:${closedPort}/simple/`;

    const ended = await repo2singularity(user, [repository], {
      env: { PIP_INDEX_URL: index, PIP_EXTRA_INDEX_URL: "", UV_HTTP_RETRIES: "0" },
    });

    expectError(ended, 1, "E_STEP_FAILED", `127.0.0.1:${closedPort}`);
  });

  test("a postBuild that gives up, with its last lines", async () => {
    const repository = smallRepository(user, "post", {
      postBuild: "#!/bin/sh\necho getting data\necho 'the data server is closed today' >&2\nexit 3\n",
    });

    const ended = await repo2singularity(user, [repository]);

    expectError(ended, 1, "E_STEP_FAILED", "postBuild", "status 3", "| the data server is closed today");
    expect(existsSync(path.join(user.home, `${path.basename(repository)}.sif`))).toBe(false);
    await expectSoundCache(user);
  });
});

describe.runIf(isRoot)("a disk that is full", () => {
  /** Runs the program as the user with a small memory disk mounted over a folder, for this program alone. */
  function withSmallDisk(folder: string, size: string, ...args: readonly string[]): Promise<Ended> {
    const words = [
      'mount -t tmpfs -o "size=$1,uid=$2,mode=700" tmpfs "$3" && shift 3 && cd "$1" && shift && exec setpriv "$@"',
      "sh",
      size,
      String(user.uid),
      folder,
      user.home,
      `--reuid=${user.uid}`,
      `--regid=${user.uid}`,
      "--clear-groups",
      path.join(user.clone, "bin/repo2singularity"),
      ...args,
    ];
    const env = { HOME: user.home, XDG_CACHE_HOME: user.cacheHome };
    return runAs(allUsers()[0]!, "unshare", ["--mount", "sh", "-c", ...words], { env });
  }

  test("under the output", async () => {
    const folder = smallRepository(user, "output", {});
    const source = smallRepository(user, "source", {});
    writeFileSync(
      path.join(source, "data"),
      Buffer.allocUnsafe(2 ** 24).map(() => Math.random() * 256),
    );
    giveTo(user, source);

    const ended = await withSmallDisk(folder, "4m", "image", "pack", source, path.join(folder, "out.sqfs"));

    expectError(ended, 3, "E_NO_SPACE", "out.sqfs");
  });

  test("under a step", async () => {
    const files = { Dockerfile: "FROM busybox\nRUN dd if=/dev/zero of=/large bs=1M count=64\n" };
    const { repository, base } = await containerRepository(user, files);
    const cache = smallRepository(user, "cache", {});

    const words = ["--cache-dir", cache, "--build-context", `busybox=${base}`, repository];
    const ended = await withSmallDisk(cache, "24m", ...words);

    expectError(ended, 3, "E_NO_SPACE", "RUN dd");
  });
});

describe("images that are damaged", () => {
  let image = "";

  beforeAll(async () => {
    const folder = smallRepository(user, "cut", { "tree/file": "x".repeat(100) });
    writeFileSync(
      path.join(folder, "tree/data"),
      Buffer.allocUnsafe(300_000).map(() => Math.random() * 256),
    );
    giveTo(user, folder);
    const layer = path.join(folder, "layer.sqfs");
    image = path.join(folder, "whole.sif");
    expect(await repo2singularity(user, ["image", "pack", path.join(folder, "tree"), layer])).toMatchObject({
      status: 0,
    });
    expect(await repo2singularity(user, ["image", "compose", image, layer])).toMatchObject({ status: 0 });
  });

  test("a SIF cut in the middle", async () => {
    const cut = image.replace("whole", "cut");
    writeFileSync(cut, readFileSync(image));
    truncateSync(cut, Math.floor(statSync(image).size / 2));
    const target = `${cut}.unpacked`;

    for (const words of [["inspect"], ["image", "verify"], ["image", "list"], ["image", "unpack"]]) {
      const ended = await repo2singularity(user, [...words, cut, ...(words.includes("unpack") ? [target] : [])]);
      expectError(ended, 1, "E_SIF_TRUNCATED", cut, "was cut");
    }
    expect(existsSync(target)).toBe(false);
    expectNoLeftovers(user, path.dirname(cut));
  });

  test("a squashfs bomb: a file of 4 TiB in some kilobytes", async () => {
    const bomb = path.join(path.dirname(image), "bomb.sqfs");
    writeFileSync(bomb, squashfsBomb(4 * 2 ** 40));
    const target = `${bomb}.unpacked`;
    expect(statSync(bomb).size).toBeLessThan(2 ** 20);

    const verified = await repo2singularity(user, ["image", "verify", bomb]);
    const listed = await repo2singularity(user, ["image", "list", bomb]);
    const unpacked = await repo2singularity(user, ["image", "unpack", bomb, target]);

    expect(verified).toMatchObject({ status: 1 });
    expect(verified.stdout).toContain("the limit is");
    expectError(listed, 1, "E_LIMIT_EXCEEDED", bomb);
    expectError(unpacked, 1, "E_LIMIT_EXCEEDED", bomb);
    expect(existsSync(target)).toBe(false);
    expectNoLeftovers(user, path.dirname(bomb));
  });

  test("something that is no image, and nothing at all", async () => {
    const text = path.join(user.clone, "README.md");

    expectError(await repo2singularity(user, ["image", "list", text]), 2, "E_IMAGE_FORMAT", text);
    expectError(await repo2singularity(user, ["inspect", "/no/such.sif"]), 1, "E_FILE_ACCESS", "/no/such.sif");
  });
});

test("an output of another key stays as it is without --force", async () => {
  const repository = smallRepository(user, "kept", { "README.md": "x\n" });
  const output = path.join(user.home, `${path.basename(repository)}.sif`);
  writeFileSync(output, "mine\n");

  const ended = await repo2singularity(user, [repository]);

  expectError(ended, 2, "E_OUTPUT_EXISTS", output, "--force");
  expect(readFileSync(output, "utf8")).toBe("mine\n");
});
