import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { processRunner } from "@repo2singularity/base";
import {
  captureLayer,
  createApptainerExecutor,
  createRootExecutor,
  createUsernsExecutor,
  type ExecutorHost,
  type StepExecutor,
} from "@repo2singularity/build";
import { describeStepExecutor, makeBusyboxTree } from "@repo2singularity/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { scratchFolder } from "./support/run-folder.ts";

/*
 * All executors on the real thing: a Debian tree, apt-get, apptainer. Run as root, a step is repeated by an
 * ordinary user. R2S_TEST_DEBIAN_TAR names a minimal Debian that was made
 * before and has apt's lists.
 */
const host: ExecutorHost = {
  runner: processRunner,
  path: process.env["PATH"] ?? "/usr/bin:/bin",
  processor: process.arch,
  uid: process.getuid?.() ?? -1,
  tmpDir: tmpdir(),
};
const executors: Readonly<Record<string, StepExecutor>> = {
  userns: createUsernsExecutor(host, "overlay"),
  "userns with fuse-overlayfs": createUsernsExecutor(host, "fuse-overlayfs"),
  "userns with a copy": createUsernsExecutor(host, "copy"),
  ...(host.uid === 0 ? { root: createRootExecutor(host, "overlay") } : {}),
  apptainer: createApptainerExecutor(host),
};
const folder = scratchFolder("executors");

for (const [name, executor] of Object.entries(executors)) {
  describeStepExecutor(name, () => Promise.resolve({ executor, workDir: folder }));
}

/** A minimal Debian with apt's lists, made once in a run, for this user. */
const base = join(folder, "debian");
beforeAll(() => {
  const archive = process.env["R2S_TEST_DEBIAN_TAR"] ?? join(folder, "debian.tar");
  if (!existsSync(archive)) {
    execFileSync("mmdebstrap", ["--variant=minbase", "--skip=cleanup/apt/lists", "bookworm", archive], {
      stdio: "inherit",
    });
    chmodSync(archive, 0o644);
  }
  mkdirSync(base);
  execFileSync("tar", ["xf", archive, "-C", base, "--no-same-owner", "--no-same-permissions", "--exclude=./dev/*"]);
});

interface Built {
  readonly digestHex: string;
  readonly upper: string;
}

async function build(executor: StepExecutor, lower: string, script: string): Promise<Built> {
  const place = mkdtempSync(join(folder, "build-"));
  const upper = join(place, "upper");
  const lines: string[] = [];
  {
    await using tree = await executor.openTree({
      lowerTrees: [lower],
      upperDir: upper,
      scratchDir: join(place, "scratch"),
      mounts: [],
    });
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", DEBIAN_FRONTEND: "noninteractive" };
    const onLine = (line: string): number => lines.push(line);
    const { exitCode } = await tree.run({ argv: ["sh", "-ec", script], env, cwd: "/", network: true, onLine });
    expect(exitCode, lines.slice(-20).join("\n")).toBe(0);
  }
  const options = { host, lowerTrees: [lower], mtimeSeconds: 315532800, compression: "zstd" } as const;
  const { digestHex } = await captureLayer(upper, join(place, "layer.sqfs"), options);
  return { digestHex, upper };
}

describe("real packages", () => {
  const packages = "openssh-client openssh-server dbus man-db git sudo cron";

  // How trees are merged is covered by the next test.
  test.each(Object.entries(executors).filter(([name]) => !name.includes(" with ")))(
    "apt-get installs packages whose scripts change owners, make users and devices: %s",
    async (_name, executor) => {
      const { upper } = await build(
        executor,
        base,
        `apt-get -q update
         apt-get install -q -y --no-install-recommends ${packages}
         useradd -m somebody && install -o nobody -g nogroup /etc/hostname /srv/installed
         dpkg --audit`,
      );

      expect(existsSync(join(upper, "usr/bin/git"))).toBe(true);
      expect(readFileSync(join(upper, "etc/passwd"), "utf8")).toMatch(/sshd.*\n(.*\n)*somebody/);
    },
  );

  test("a package gives the same layer by every executor", async () => {
    const script = `apt-get install -q -y --no-install-recommends bc jq
      rm -rf /var/cache/apt/* /var/cache/ldconfig/* /var/log/*`;
    const digests = new Map<string, string>();
    for (const [name, executor] of Object.entries(executors)) {
      digests.set(name, (await build(executor, base, script)).digestHex);
    }

    expect(new Set(digests.values()).size, JSON.stringify([...digests])).toBe(1);
  });
});

test.runIf(host.uid === 0)("works the same for an ordinary user, with the same layers", async () => {
  const user = "tester";
  try {
    execFileSync("id", [user], { stdio: "ignore" });
  } catch {
    execFileSync("useradd", ["-m", user]);
  }
  const home = scratchFolder("executors-user");
  execFileSync("chown", [user, home]);
  const lower = await makeBusyboxTree(join(folder, "small"));
  const script = "cd /data; rm -r folder; mkdir folder; echo 1 >folder/new; chown 7:7 folder/new; chmod 0 changed";
  const mine = await build(executors["userns"]!, lower, script);

  const ids = ["--reuid", user, "--regid", user, "--clear-groups"];
  const child = join(import.meta.dirname, "support/capture-as-user.ts");
  const theirs = execFileSync("setpriv", [...ids, process.execPath, child, home, script], {
    env: { PATH: host.path, HOME: home, TMPDIR: home },
    encoding: "utf8",
  });

  expect(theirs.trim().split("\n")).toEqual([`userns ${mine.digestHex}`, `apptainer ${mine.digestHex}`]);
});
