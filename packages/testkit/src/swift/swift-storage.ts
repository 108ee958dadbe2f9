import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { dataServers, swiftUser, type SwiftPorts, writeSwiftConfiguration } from "./swift-configuration.ts";

/** Object storage of a test's own: OpenStack Swift, which speaks S3 by its middleware `s3api` and checks signatures. */
export interface SwiftStorage extends AsyncDisposable {
  /** For `--endpoint-url`. */
  readonly endpoint: string;
  /** The variables that the AWS CLI takes the user and the place from. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes an empty bucket. */
  makeBucket(name: string): Promise<void>;
}

/** Whether Swift and memcached are installed. */
export const hasSwift: boolean = ["/usr/bin/swift-proxy-server", "/usr/bin/memcached"].every((file) =>
  existsSync(file),
);

const run = promisify(execFile);
const startLimitMs = 60_000;

/** Swift knows its settings under one name only: this runs one of its programs with another. */
const runWithSettings = `import runpy, sys
import swift.common.utils
swift.common.utils.SWIFT_CONF_FILE = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")`;

/**
 * Starts a storage in an empty folder; any user may. It ends when it is disposed.
 * @throws Error when it does not come up
 */
export async function startSwift(folder: string): Promise<SwiftStorage> {
  await mkdir(folder, { recursive: true });
  const ports = await findPorts();
  await writeSwiftConfiguration(folder, ports);
  await makeRings(folder, ports);
  const settings = path.join(folder, "swift.conf");
  const programs = [...dataServers, "proxy"].map((kind) =>
    start("/usr/bin/python3", [
      "-c",
      runWithSettings,
      settings,
      `/usr/bin/swift-${kind}-server`,
      path.join(folder, `${kind}-server.conf`),
    ]),
  );
  programs.push(start("memcached", ["-u", "root", "-l", "127.0.0.1", "-p", String(ports.memcached), "-m", "64"]));
  const endpoint = `http://127.0.0.1:${ports.proxy}`;
  const end = async (): Promise<void> => {
    await Promise.all(programs.map(stop));
  };
  try {
    await waitForAnswer(endpoint, programs);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    endpoint,
    env: {
      AWS_ACCESS_KEY_ID: swiftUser.name,
      AWS_SECRET_ACCESS_KEY: swiftUser.password,
      AWS_ENDPOINT_URL: endpoint,
    },
    makeBucket: (name) => makeBucket(endpoint, name),
    [Symbol.asyncDispose]: end,
  };
}

async function makeRings(folder: string, ports: SwiftPorts): Promise<void> {
  await Promise.all(
    dataServers.map(async (kind) => {
      const build = (...words: string[]): Promise<unknown> =>
        run("swift-ring-builder", [path.join(folder, `${kind}.builder`), ...words]);
      await build("create", "4", "1", "1");
      await build("add", `r1z1-127.0.0.1:${ports[kind]}/d1`, "1");
      await build("rebalance");
    }),
  );
}

async function findPorts(): Promise<SwiftPorts> {
  const servers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const numbers = servers.map((server) => {
    const address = server.address();
    server.close();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  });
  const [object = 0, container = 0, account = 0, proxy = 0, memcached = 0] = numbers;
  return { object, container, account, proxy, memcached };
}

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: "ignore" });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

async function waitForAnswer(endpoint: string, programs: readonly ChildProcess[]): Promise<void> {
  const limit = performance.now() + startLimitMs;
  while (performance.now() < limit) {
    const ended = programs.find((child) => child.exitCode !== null);
    if (ended !== undefined) throw new Error(`a server of Swift ended: ${ended.spawnargs.join(" ")}`);
    try {
      await makeBucket(endpoint, "r2s-ready");
      return;
    } catch {
      await sleep(100); // it does not answer yet
    }
  }
  throw new Error("Swift does not come up here");
}

async function makeBucket(endpoint: string, name: string): Promise<void> {
  const login = await fetch(`${endpoint}/auth/v1.0`, {
    headers: { "x-auth-user": swiftUser.name, "x-auth-key": swiftUser.password },
  });
  const headers = { "x-auth-token": login.headers.get("x-auth-token") ?? "" };
  const made = await fetch(`${login.headers.get("x-storage-url") ?? ""}/${name}`, { method: "PUT", headers });
  if (!made.ok) throw new Error(`the bucket ${name} was not made: ${made.status}`);
}

/** Writes a further settings file for clients that want one, as `~/.aws/credentials`. */
export async function writeAwsFiles(home: string, env: SwiftStorage["env"]): Promise<void> {
  const folder = path.join(home, ".aws");
  await mkdir(folder, { recursive: true });
  const keys = `aws_access_key_id = ${env["AWS_ACCESS_KEY_ID"]}\naws_secret_access_key = ${env["AWS_SECRET_ACCESS_KEY"]}\n`;
  await writeFile(path.join(folder, "credentials"), `[default]\n${keys}`);
  await writeFile(path.join(folder, "config"), `[default]\nendpoint_url = ${env["AWS_ENDPOINT_URL"]}\n`);
}
