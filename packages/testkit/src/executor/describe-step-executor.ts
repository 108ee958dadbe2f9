import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { isAppError } from "@repo2singularity/base";
import type { StepCommand, StepExecutor, StepTree, StepTreeOptions } from "@repo2singularity/build";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBusyboxTree } from "./busybox-tree.ts";

/** What the conformance suite of step executors needs. */
export interface StepExecutorFixture {
  readonly executor: StepExecutor;
  /** A folder on a local disk of the user who runs the tests. */
  readonly workDir: string;
}

/** One line of output that a step printed. */
interface Line {
  readonly text: string;
  readonly stream: "stdout" | "stderr";
}

/** What a command of a test did. */
interface SteppedLines {
  readonly exitCode: number;
  readonly lines: readonly Line[];
  /** All lines, joined. */
  readonly text: string;
}

/**
 * The conformance suite of the port `StepExecutor`: real steps in a small busybox tree.
 * @param make called once, before the first test
 */
export function describeStepExecutor(name: string, make: () => Promise<StepExecutorFixture>): void {
  describe(`step executor ${name}`, () => {
    let fixture: StepExecutorFixture;
    let base: string;
    let folder: string;

    beforeAll(async () => {
      fixture = await make();
      folder = await mkdtemp(join(fixture.workDir, "conformance-"));
      base = await makeBusyboxTree(join(folder, "base"));
    });
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    const openTree = async (options: Partial<StepTreeOptions> = {}): Promise<StepTree> => {
      const place = await mkdtemp(join(folder, "tree-"));
      const places = { upperDir: join(place, "upper"), scratchDir: join(place, "scratch") };
      return fixture.executor.openTree({ lowerTrees: [base], mounts: [], ...places, ...options });
    };
    const sh = async (tree: StepTree, script: string, options: Partial<StepCommand> = {}): Promise<SteppedLines> => {
      const lines: Line[] = [];
      const result = await tree.run({
        argv: ["sh", "-c", script],
        env: { PATH: "/bin" },
        cwd: "/",
        network: true,
        onLine: (text, stream) => lines.push({ text, stream }),
        ...options,
      });
      return { ...result, lines, text: lines.map((line) => line.text).join("\n") };
    };

    test("is usable on this machine and says how", async () => {
      expect(await fixture.executor.probe()).toMatchObject({ usable: true });
    });

    test("runs as uid 0 with the given variables alone, in the given folder", async () => {
      await using tree = await openTree();

      const { text } = await sh(tree, "id -u; umask; hostname; pwd; env", {
        env: { PATH: "/bin", GREETING: "a b='c'", SPACES: "  x" },
        cwd: "/data",
      });

      const [uid, umask, host, folderName, ...variables] = text.split("\n");
      expect([uid, umask, folderName]).toEqual(["0", "0022", "/data"]);
      expect(host).toBe("repo2singularity");
      expect(variables.filter((line) => !/^(SHLVL|PWD|OLDPWD|_)=/.test(line)).toSorted()).toEqual([
        "GREETING=a b='c'",
        "PATH=/bin",
        "SPACES=  x",
      ]);
    });

    test("tells the exit status, and 128 + N for signal N", async () => {
      await using tree = await openTree();

      expect((await sh(tree, "exit 7")).exitCode).toBe(7);
      expect((await sh(tree, "kill -9 $$")).exitCode).toBe(137);
      expect((await sh(tree, "", { argv: ["no-such-program"] })).exitCode).toBe(125);
      expect((await sh(tree, "true", { cwd: "/no/such/folder" })).exitCode).toBe(125);
    });

    test("passes arguments as they are and both streams line by line", async () => {
      await using tree = await openTree();
      const argument = `it's "$HOME" * \\ \n ü`;

      const { lines } = await sh(tree, "", {
        argv: ["sh", "-c", 'printf "<%s>\\n" "$1" >&2; echo out', "sh", argument],
      });

      expect(
        lines
          .filter(({ stream }) => stream === "stderr")
          .map(({ text }) => text)
          .join("\n"),
      ).toBe(`<${argument}>`);
      expect(lines.filter(({ stream }) => stream === "stdout")).toEqual([{ text: "out", stream: "stdout" }]);
    });

    test("has no standard input, no terminal and a process table of its own", async () => {
      await using tree = await openTree();

      const { text } = await sh(
        tree,
        "wc -c </dev/stdin; (: </dev/tty) 2>/dev/null || echo no terminal; ls -d /proc/[0-9]* | wc -l",
      );

      const [inputBytes, terminal, processCount] = text.split("\n");
      expect([inputBytes, terminal]).toEqual(["0", "no terminal"]);
      expect(Number(processCount)).toBeLessThan(8);
    });

    test("sees nothing of the host but the mounts", async () => {
      const shared = join(folder, "shared");
      await mkdir(shared, { recursive: true });
      await writeFile(join(shared, "tool"), "from the host\n");
      await using tree = await openTree({
        mounts: [
          { source: join(shared, "tool"), target: "/run/repo2singularity/bin/tool", readOnly: true },
          { source: shared, target: "/run/repo2singularity/cache/x", readOnly: false },
        ],
      });

      const { text } = await sh(
        tree,
        `cat /run/repo2singularity/bin/tool
         (echo x >/run/repo2singularity/bin/tool) 2>/dev/null || echo read-only
         echo kept >/run/repo2singularity/cache/x/new
         [ -e "${folder}" ] || echo no host
         ls /tmp /var/tmp`,
      );

      expect(text.split("\n").filter((line) => line !== "")).toEqual([
        "from the host",
        "read-only",
        "no host",
        "/tmp:",
        "/var/tmp:",
      ]);
      expect(await readFile(join(shared, "new"), "utf8")).toBe("kept\n");
    });

    test("answers ownership calls with success and makes no devices", async () => {
      await using tree = await openTree();

      const { text, exitCode } = await sh(
        tree,
        "touch /f && chown 1234:567 /f && stat -c %u:%g /f && mknod /device b 7 0 && ls /device 2>/dev/null || echo none",
      );

      expect([text, exitCode]).toEqual(["0:0\nnone", 0]);
    });

    test("keeps what a command changed for the next one, but not its temporary files", async () => {
      await using tree = await openTree();

      await sh(tree, "echo 1 >/data/new; touch /tmp/t /var/tmp/t /dev/shm/t /run/t");
      const { text } = await sh(tree, "cat /data/new; ls /tmp /var/tmp /dev/shm | grep t$; ls /run | grep ^t$; true");

      expect(text.split("\n").filter((line) => !line.startsWith("/"))).toEqual(["1"]);
    });

    test("hides mounts from commands that have no use for them, and keeps what a private one is given", async () => {
      const cache = await mkdtemp(join(folder, "cache-"));
      await writeFile(join(cache, "old"), "old\n");
      const target = "/run/repo2singularity/cache/own";
      await using tree = await openTree({ mounts: [{ source: cache, target, readOnly: false, isPrivate: true }] });

      await sh(tree, `echo new >${target}/new; echo changed >${target}/old`);
      const again = await sh(tree, `cat ${target}/new ${target}/old`);
      const hidden = await sh(tree, `ls ${target}`, { hiddenMounts: [target] });

      expect(again.text).toBe("new\nchanged");
      expect(hidden.exitCode).not.toBe(0);
      expect(await readdir(cache)).toEqual(["old"]);
      expect(await readFile(join(cache, "old"), "utf8")).toBe("old\n");
    });

    test("gives no network but a loopback when none is asked for", async () => {
      await using tree = await openTree();

      const { text } = await sh(tree, "cut -d: -f1 /proc/net/dev | grep -v '|'", { network: false });

      expect(text.trim()).toBe("lo");
    });

    test("reaches what answers at its way out, and nothing of the host beside it", async () => {
      const wayOut = await mkdtemp(join(folder, "way-out-"));
      await using proxy = await listen(join(wayOut, "proxy"));
      await using local = await listen(0);
      await using tree = await openTree({ wayOut });
      const tries = [
        `echo asked | nc -w 5 127.0.0.1 ${stepProxyPort}`,
        `echo asked | nc -w 2 127.0.0.1 ${local.port} || echo refused`,
        "cut -d: -f1 /proc/net/dev | grep -v '|'",
      ];

      const first = await sh(tree, tries.join("; "));
      const without = await sh(tree, "ls /run/repo2singularity/network", { network: false });
      const missing = await sh(tree, "", { argv: ["no-such-program"] });

      expect(first.lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text.trim())).toEqual([
        "answered",
        "refused",
        "lo",
      ]);
      expect([proxy.count(), local.count()]).toEqual([1, 0]);
      expect(without.exitCode).not.toBe(0);
      expect(missing.exitCode).toBe(125);
    });

    test("leaves nothing running when the command ends", async () => {
      await using tree = await openTree();
      const started = Date.now();

      await sh(tree, "sleep 4711 & sleep 4711 >/dev/null 2>&1 & echo started");

      expect(Date.now() - started).toBeLessThan(20_000);
      expect(await isRunning("sleep\u00004711")).toBe(false);
    });

    test("kills everything at the time limit", async () => {
      await using tree = await openTree();

      const run = sh(tree, "sleep 4712 & trap '' TERM INT HUP; sleep 4712; sleep 4712", { timeoutMs: 700 });

      await expect(run).rejects.toSatisfy((error) => isAppError(error, "E_STEP_TIMEOUT"));
      expect(await isRunning("sleep\u00004712")).toBe(false);
    });

    test("kills everything at an abort and passes the abort on", async () => {
      await using tree = await openTree();
      const controller = new AbortController();

      const run = sh(tree, "trap '' TERM; echo ready; sleep 4713; sleep 4713", {
        signal: controller.signal,
        onLine: () => controller.abort(),
      });

      await expect(run).rejects.toMatchObject({ name: "AbortError" });
      expect(await isRunning("sleep\u00004713")).toBe(false);
    });

    test("shows lower trees as one, removed files included, and changes none of them", async () => {
      const first = join(folder, "first");
      await mkdir(join(first, "data"), { recursive: true });
      await writeFile(join(first, "data/changed"), "by the first layer\n");
      await using tree = await openTree({ lowerTrees: [base, first] });

      const { text } = await sh(tree, "cat /data/changed /data/same; echo x >/data/changed; rm /data/same");

      expect(text).toBe("by the first layer\nsame");
      expect(await readFile(join(first, "data/changed"), "utf8")).toBe("by the first layer\n");
      expect(await readFile(join(base, "data/same"), "utf8")).toBe("same\n");
    });

    test("refuses mounts outside their folder and names that are no variables", async () => {
      const outside = openTree({
        mounts: [{ source: base, target: "/run/repo2singularity/../../etc", readOnly: true }],
      });
      await expect(outside).rejects.toMatchObject({ code: "E_INTERNAL" });

      await using tree = await openTree();
      await expect(sh(tree, "true", { env: { "a b": "c" } })).rejects.toMatchObject({ code: "E_USAGE" });
    });

    test("a tree keeps what steps leave in /tmp when it is asked to, and only then", async () => {
      const upperDir = await mkdtemp(join(folder, "upper-"));
      await using kept = await openTree({ upperDir, keepsTemporary: true });
      await sh(kept, "mkdir -p /tmp && echo left >/tmp/left");
      const seen = await sh(kept, "cat /tmp/left");
      await kept.upper();

      await using fresh = await openTree();
      const gone = await sh(fresh, "cat /tmp/left");

      expect(seen.text).toBe("left");
      expect(await readFile(join(upperDir, "tmp/left"), "utf8")).toBe("left\n");
      expect(gone.exitCode).not.toBe(0);
    });

    test("a host folder is seen at a path of the tree, and none of its files is part of the layer", async () => {
      const source = await mkdtemp(join(folder, "source-"));
      await writeFile(join(source, "file"), "of the host\n");
      const upperDir = await mkdtemp(join(folder, "upper-"));
      await using tree = await openTree({ upperDir, mounts: [{ source, target: "/data/folder", readOnly: true }] });

      const seen = await sh(tree, "cat /data/folder/file; echo x >/data/folder/new");
      await tree.upper();

      expect(seen.text).toContain("of the host");
      expect(seen.exitCode).not.toBe(0);
      expect(await readdir(join(upperDir, "data/folder")).catch(() => [])).toEqual([]);
    });
  });
}

/** Where steps find their way out. Source: `stepRelay` of the build room */
const stepProxyPort = 61_080;

/** A server that answers a word to everybody. */
interface Listener extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  count(): number;
}

/** @param place a socket's path, or a port of loopback */
async function listen(place: string | number): Promise<Listener> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket
      .on("error", () => socket.destroy())
      .resume()
      .end("answered\n");
  });
  await new Promise<void>((resolve) => {
    if (typeof place === "string") server.listen(place, resolve);
    else server.listen(place, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    count: () => connections,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether a process of this host has these words, joined by zero bytes, at the start of its command line. */
async function isRunning(commandLine: string): Promise<boolean> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.some((line) => line.startsWith(commandLine));
}
