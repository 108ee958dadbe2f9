import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { buffer, text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { assemble } from "./assemble.ts";
import { relayProgram } from "./programs/relay.ts";
import type { Architecture } from "./syscall-numbers.ts";

const folder = mkdtempSync(join(tmpdir(), "relay-"));
const socketPath = join(folder, "proxy");
let server: Server;
let onConnection: (socket: Socket) => void = (socket) => socket.end();

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => onConnection(socket));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** How programs of a family are started here: directly, or by an emulator. */
function starters(): [Architecture, readonly string[]][] {
  const native: [Architecture, readonly string[]][] =
    process.arch === "x64" || process.arch === "arm64" ? [[process.arch, []]] : [];
  const emulator = "/usr/bin/qemu-aarch64-static";
  return process.arch === "x64" && existsSync(emulator) ? [...native, ["arm64", [emulator]]] : native;
}

describe.each(starters())("the relay of %s", (architecture, starter) => {
  let started: ChildProcess | undefined;

  /** Starts a relay on a free port, in process group and session of its own so that all of it can be ended. */
  async function startRelay(script: string): Promise<number> {
    const port = await freePort();
    const file = join(folder, `${architecture}-${port}`);
    writeFileSync(file, assemble(relayProgram({ port, socketPath }), architecture), { mode: 0o755 });
    const words = [...starter, file, "/no/such/sh", "/bin/sh", "", "sh", "-c", script];
    started = spawn(words[0]!, words.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
    return port;
  }
  afterEach(() => {
    // the accepting process is in a session of its own: it is found by the file it runs
    const own = started?.spawnargs.find((word) => word.startsWith(folder)) ?? "";
    started?.kill("SIGKILL");
    endProcessesOf(own);
  });

  test("becomes its command, with which it ends", async () => {
    await startRelay("echo $0 started; exit 7");

    const [said, status] = await Promise.all([text(started!.stdout!), ended(started!)]);

    expect([said, status]).toEqual(["sh started\n", 7]);
  });

  test("is no child of a command that waits for all of its children", async () => {
    await startRelay("cat /proc/$$/task/$$/children; exit 0");

    expect((await text(started!.stdout!)).trim()).toMatch(/^\d*$/);
  });

  test("hands on megabytes in both directions at once, and the end of each direction alone", async () => {
    const sent = Buffer.alloc(3_000_001, "up");
    const answered = Buffer.alloc(5_000_003, "down");
    let received: Promise<Buffer> | undefined;
    onConnection = (socket) => {
      received = buffer(socket);
      socket.write(answered.subarray(0, 1_000_000));
      void received.then(() => socket.end(answered.subarray(1_000_000)));
    };
    const port = await startRelay("exec sleep 60");
    const client = await connected(port);

    client.end(sent);
    const got = await buffer(client);

    expect((await received)?.equals(sent)).toBe(true);
    expect(got.equals(answered)).toBe(true);
  });

  test("serves many connections at once and leaves no dead process behind", async () => {
    onConnection = (socket) => socket.pipe(socket);
    const port = await startRelay("exec sleep 60");

    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const client = await connected(port);
        client.end(`number ${index}`);
        return text(client);
      }),
    );

    expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => `number ${index}`));
    expect(deadProcessesOf(port)).toEqual([]);
  });

  test("cuts the client when the other side goes away", async () => {
    onConnection = (socket) => socket.destroy();
    const port = await startRelay("exec sleep 60");
    const client = await connected(port);

    expect((await buffer(client)).length).toBe(0);
  });
});

test("refuses a socket's path that the kernel cannot take", () => {
  expect(() => relayProgram({ port: 1, socketPath: "x".repeat(108) })).toThrow("107");
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

/** A connection, as soon as the relay listens. */
async function connected(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    if (isOpen) return socket.on("error", () => socket.destroy());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}

/** Those of the relay on a port that ended and were not taken away by it; process 1 takes away what is its own. */
function deadProcessesOf(port: number): readonly string[] {
  const states = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((id) => (existsSync(`/proc/${id}/stat`) ? readFileSync(`/proc/${id}/stat`, "utf8") : ""));
  return states.filter((state) => state.includes(`-${port}) Z `) && !state.includes(") Z 1 "));
}

/** Ends whatever has the file among its words. */
function endProcessesOf(file: string): void {
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0").includes(file)) process.kill(Number(id), "SIGKILL");
    } catch {
      // it has ended meanwhile
    }
  }
}
