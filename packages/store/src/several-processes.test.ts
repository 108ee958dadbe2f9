import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openStore } from "./open-store.ts";
import { removeTree } from "./trees/remove-tree.ts";

const root = await mkdtemp(join(tmpdir(), "r2s-store-processes-"));
const running: ChildProcess[] = [];
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await removeTree(root);
});

/** Starts a process with an open `store` on a folder; `say` prints a line. */
function inProcess(directory: string, body: string): ChildProcess {
  const code = `
    import { openStore } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    import * as fs from "node:fs/promises";
    const say = (text) => process.stdout.write(text + "\\n");
    const forever = () => new Promise(() => setInterval(() => {}, 1000));
    const store = await openStore({ directory: ${JSON.stringify(directory)} });
    ${body}
    await store[Symbol.asyncDispose]();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout!.setEncoding("utf8"), "data");
  return String(chunk).trim();
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(child, "close");
  return text;
}

test("two processes that want one result run the work once", async () => {
  const directory = join(root, "once");
  const log = join(root, "once.log");
  const body = `
    const value = await store.computeOnce("key", {
      find: async () => (await store.readRecord("r", "key"))?.value,
      work: async () => {
        await fs.appendFile(${JSON.stringify(log)}, "worked\\n");
        await new Promise((resolve) => setTimeout(resolve, 150));
        await store.writeRecord("r", "key", "done");
        return "done";
      },
    });
    say(value);`;

  const outputs = await Promise.all([1, 2, 3].map(() => output(inProcess(directory, body))));

  expect(outputs).toEqual(["done\n", "done\n", "done\n"]);
  expect(await readFile(log, "utf8")).toBe("worked\n");
});

test("a process killed while it stores, unpacks and locks leaves nothing under a final name and no lock", async () => {
  const directory = join(root, "killed");
  const child = inProcess(
    directory,
    `
    await store.lock("build");
    await store.makeScratchFolder();
    void store.ensureTree("t", async (folder) => { await fs.writeFile(folder + "/half", "x"); await forever(); });
    await store.put((async function* () { yield Buffer.alloc(1000); say("half"); await forever(); })());`,
  );
  expect(await firstLine(child)).toBe("half");
  expect((await readdir(join(directory, "tmp"))).length).toBeGreaterThan(0);
  await kill(child);

  await using store = await openStore({ directory });

  expect(await readdir(join(directory, "tmp"))).toEqual([]);
  expect(await store.list()).toEqual([]);
  expect((await store.verify()).corrupt).toEqual([]);
  let waited = false;
  await using _lock = await store.lock("build", { waitMs: 5_000, onWait: () => (waited = true) });
  expect(waited).toBe(false);
});

test("what a living process holds is not collected, and is once that process was killed", async () => {
  const directory = join(root, "leased");
  const child = inProcess(directory, `say((await store.put(Buffer.from("layer"))).digest); await forever();`);
  const digest = await firstLine(child);
  await using store = await openStore({ directory });

  const whileAlive = await store.collect({ maxBytes: 0 });
  await kill(child);
  const afterwards = await store.collect({ maxBytes: 0 });

  expect(whileAlive.removed).toEqual([]);
  expect(afterwards.removed).toMatchObject([{ name: digest, kind: "file" }]);
  expect(afterwards.removedLeftoverCount).toBe(1);
});

test("unfinished work of another host stays for a day", async () => {
  const directory = join(root, "foreign");
  await mkdir(join(directory, "tmp"), { recursive: true });
  for (const [name, ageHours] of [
    ["young", 1],
    ["old", 25],
  ] as const) {
    const path = join(directory, "tmp", `0123456789ab-1-1-${name}`);
    await writeFile(path, "");
    await utimes(path, new Date(), new Date(Date.now() - ageHours * 3600 * 1000));
  }

  await using _store = await openStore({ directory });

  expect(await readdir(join(directory, "tmp"))).toEqual(["0123456789ab-1-1-young"]);
});

test("a lock that stays held ends in an error that can be retried, and waiting can be aborted", async () => {
  await using store = await openStore({ directory: join(root, "held") });
  await using _held = await store.lock("a name");
  const waiting = new AbortController();

  const [late, aborted] = await Promise.allSettled([
    store.lock("a name", { waitMs: 30 }),
    store.lock("a name", { signal: waiting.signal, onWait: () => waiting.abort() }),
  ]);

  expect(late).toMatchObject({ reason: { code: "E_STORE_LOCKED", retryable: true } });
  expect(aborted).toMatchObject({ reason: { name: "AbortError" } });
});

test("many processes storing, reading and collecting at once never see a broken file", async () => {
  const directory = join(root, "busy");
  const body = `
    for (let i = 0; i < 25; i++) {
      const text = "content " + (i % 5);
      const { path, digest } = await store.put(Buffer.from(text));
      if ((await fs.readFile(path, "utf8")) !== text) say("broken " + digest);
      await store.writeRecord("r", text, i, [digest]);
      if ((await store.readRecord("r", text)) === undefined) say("lost " + digest);
      if (i % 8 === 7) await store.collect({ maxBytes: 0 });
    }
    say("ok");`;

  const outputs = await Promise.all([1, 2, 3].map(() => output(inProcess(directory, body))));

  expect(outputs).toEqual(["ok\n", "ok\n", "ok\n"]);
  await using store = await openStore({ directory });
  expect((await store.verify()).corrupt).toEqual([]);
});
