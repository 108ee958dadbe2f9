import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { giveTo } from "../src/support/clones.ts";
import { cacheOf, expectNoLeftovers } from "../src/support/leftovers.ts";
import { buildDockerfile, expectNothingRan, expectRefused, victim } from "./support.ts";

afterEach(expectNothingRan);

describe("a step that starts too much", () => {
  test("more processes than it may have: it is told so, and nothing of it is left", async () => {
    const built = await buildDockerfile("FROM base\nRUN i=0; while [ $i -lt 6000 ]; do sleep 600 & i=$((i+1)); done\n");

    expectRefused(built, "E_STEP_FAILED", "a step may have 4096 processes");
    expect(runningCount("sleep\u0000600")).toBe(0);
    expectNoLeftovers(victim);
  });

  test("a fork bomb ends with the command that set it off", async () => {
    const built = await buildDockerfile("FROM base\nRUN bomb() { bomb | bomb & }; bomb; sleep 2; echo over\n");

    expect(built.stderr).not.toContain("E_INTERNAL");
    expect(runningCount("/bin/sh\u0000-c\u0000bomb")).toBe(0);
    expectNoLeftovers(victim);
  });

  test("one that never ends is ended by the time limit", async () => {
    const built = await buildDockerfile("FROM base\nRUN trap '' TERM INT; while :; do sleep 1; done\n", {
      flags: ["--step-timeout", "3"],
    });

    expectRefused(built, "E_STEP_TIMEOUT");
    expectNoLeftovers(victim);
  });
});

test("what a step prints cannot steer the terminal", async () => {
  const built = await buildDockerfile("FROM base\nRUN printf '\\033]0;title\\007\\033[2Jgone\\n'; exit 3\n");

  expectRefused(built, "E_STEP_FAILED", "  | \\x1b]0;title\\x07\\x1b[2Jgone");
  expect(built.stderr.replaceAll(/\p{Cc}\[[0-9;]*m/gu, "")).not.toContain("\u001b");
});

describe("what a step can see of the machine", () => {
  const password = "hunter2-of-the-host";
  const files = [".ssh/id_ed25519", ".netrc", ".docker/config.json", ".aws/credentials", ".git-credentials"];

  beforeAll(() => {
    for (const file of files) {
      const place = path.join(victim.home, "credentials", file);
      mkdirSync(path.dirname(place), { recursive: true });
      writeFileSync(place, `${password}\n`, { mode: 0o600 });
    }
    giveTo(victim, path.join(victim.home, "credentials"));
  });

  test("no credentials: neither in files, nor in its variables, nor in other processes", async () => {
    const look = [
      "env",
      "cat /proc/*/environ | tr '\\0' '\\n'",
      "cat /proc/*/cmdline | tr '\\0' '\\n'",
      `ls -la ${victim.home}/credentials || echo no such home`,
      `cat ${victim.home}/credentials/.ssh/id_ed25519 /proc/*/root${victim.home}/credentials/.netrc || echo none`,
      "grep -r hunter2 /root /home /tmp /run /etc /var || echo nothing found",
    ];
    const built = await buildDockerfile(`FROM base\nRUN ${look.join("; ")}\n`, {
      env: { A_TOKEN: password, AWS_SECRET_ACCESS_KEY: password, R2S_GIT_TOKEN: password },
    });

    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect(built.stderr).toContain("nothing found");
    expect(built.stderr).toContain("no such home");
    expect(built.stderr.replaceAll(/grep -r hunter2/g, "")).not.toContain("hunter2");
  });

  test("no process, disk or setting of the machine, and no way to a device", async () => {
    const tries = [
      "(echo 1 >/proc/sys/kernel/panic) 2>/dev/null && echo wrote",
      "(echo b >/proc/sysrq-trigger) 2>/dev/null && echo wrote",
      "mknod /tmp/disk b 8 0; [ ! -b /tmp/disk ] || echo device",
      "mount -t tmpfs none /mnt 2>/dev/null && echo mounted",
      "chroot /proc/1/root /bin/sh -c 'ls /work /home/tester' 2>/dev/null && echo out",
      "[ $(ls /proc | grep -c '^[0-9]') -lt 20 ] || echo many",
      "echo done",
    ];
    const built = await buildDockerfile(`FROM base\nRUN mkdir -p /tmp /mnt; ${tries.join("; ")}\n`);

    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect(built.stderr).toMatch(/^.*\bdone$/m);
    expect(built.stderr).not.toMatch(/^[^=]*\b(?:wrote|device|mounted|out|many)$/m);
  });

  test("a step without network sees no service of the machine", async () => {
    const built = await buildDockerfile("FROM base\nRUN --network=none cut -d: -f1 /proc/net/dev\n");

    expect(built, built.stderr).toMatchObject({ status: 0 });
    expect(built.stderr).not.toMatch(/\b(?:eth|ens|enp|wlan)\d/);
  });
});

test("a step that leaves a pipe or a link where package databases are read holds up nothing and leads nowhere", async () => {
  const built = await buildDockerfile(
    `FROM base\nRUN mkdir -p /var/lib/dpkg /srv && mkfifo /var/lib/dpkg/status && ln -s ${victim.home} /srv/env\n`,
  );

  expect(built, built.stderr).toMatchObject({ status: 0 });
});

test("a step cannot change what other builds take from the cache", async () => {
  const built = await buildDockerfile(
    "FROM base\nRUN find / -name '*.sqlite' -o -name downloads -o -name trees 2>/dev/null; ls -R /run\n",
  );

  expect(built, built.stderr).toMatchObject({ status: 0 });
  expect(built.stderr).not.toContain(cacheOf(victim));
  expect(built.stderr).not.toMatch(/\/(?:downloads|trees|extents\.sqlite)$/m);
});

/** How many processes of this machine have these words, joined by zero bytes, at the start of their command line. */
function runningCount(commandLine: string): number {
  return readIds().filter((id) => readCommand(id).startsWith(commandLine)).length;
}

function readIds(): readonly string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function readCommand(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}
