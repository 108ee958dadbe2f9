import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { repo2singularity } from "../src/support/program.ts";
import { smallRepository } from "../src/support/small-repository.ts";
import { allUsers, type User, withOwnCache } from "../src/support/users.ts";
import { buildDockerfile, expectNothingRan, expectRefused } from "./support.ts";

/** An address of this machine that is not loopback; machines without any have nothing to attack there. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

let arrived = 0;
let port = 0;
const abstractName = `repo2singularity-hostile-${process.pid}`;
const servers: Server[] = [];

beforeAll(async () => {
  const http = createHttpServer((_request, response) => response.end("secret of the machine\n"));
  servers.push(
    http,
    createServer((socket) => socket.end("secret of the machine\n")),
  );
  for (const server of servers) server.on("connection", () => (arrived += 1));
  await new Promise<void>((resolve) => http.listen(0, "0.0.0.0", resolve));
  await new Promise<void>((resolve) => servers[1]?.listen(`\0${abstractName}`, resolve));
  const address = http.address();
  port = typeof address === "object" ? (address?.port ?? 0) : 0;
});
afterAll(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  arrived = 0;
});
afterEach(expectNothingRan);

/** Asks the proxy of steps, and without it. */
function attack(): string {
  const hosts = ["127.0.0.1", ...(ownAddress === undefined ? [] : [ownAddress])];
  const http = [...hosts.map((host) => `${host}:${port}`), "169.254.169.254"];
  const tries = [
    ...http.map((host) => `printf 'GET http://${host}/ HTTP/1.0\\r\\n\\r\\n' | nc -w 5 127.0.0.1 "\${http_proxy##*:}"`),
    ...hosts.map((host) => `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${host} ${port}`),
  ];
  return `FROM base\nRUN ${tries.join("; ")}; exit 1\n`;
}

describe.each(allUsers().map((user) => withOwnCache(user)))("a step of $name", (user: User) => {
  test("of a Dockerfile reaches no service of this machine and no metadata, and the error says what it asked for", async () => {
    const built = await buildDockerfile(attack(), { user });

    expectRefused(built, "E_STEP_FAILED", `127.0.0.1:${port} is this machine's loopback`);
    expect(built.stderr).toContain("169.254.169.254:80 is a link-local address");
    if (ownAddress !== undefined) expect(built.stderr).toContain(`${ownAddress}:${port} is an address of this machine`);
    expect(built.stderr).toContain("--network host");
    expect(built.stderr).not.toContain("secret of the machine");
    expect(arrived).toBe(0);
  });

  test("of postBuild reaches none either, nor an abstract socket", async () => {
    const lines = [
      "#!/usr/bin/env python3",
      "import socket, urllib.request",
      "def attempt(title, act):",
      "    try: print(title, 'got', act())",
      "    except Exception as error: print(title, 'failed:', error)",
      "def abstract():",
      `    one = socket.socket(socket.AF_UNIX); one.connect('\\0${abstractName}'); return one.recv(100)`,
      `attempt('abstract', abstract)`,
      `attempt('tcp', lambda: socket.create_connection(('${ownAddress ?? "127.0.0.1"}', ${port}), 3).recv(100))`,
      `attempt('http', lambda: urllib.request.urlopen('http://localhost:${port}/', timeout=5).read())`,
      `attempt('metadata', lambda: urllib.request.urlopen('http://169.254.169.254/', timeout=5).read())`,
      "raise SystemExit(1)",
    ];
    const repository = smallRepository(user, "reaching", { postBuild: `${lines.join("\n")}\n` });
    const built = await repo2singularity(user, ["--image-name", "reaching", repository]);

    expectRefused(built, "E_STEP_FAILED", "169.254.169.254:80 is a link-local address");
    expect(built.stderr).toContain("abstract failed:");
    expect(built.stderr).not.toContain(" got ");
    expect(arrived).toBe(0);
  });
});

test("with --network host a step reaches what this machine reaches", async () => {
  const built = await buildDockerfile(attack(), { flags: ["--network", "host"] });

  expect(built.stderr).toContain("secret of the machine");
  expect(arrived).toBeGreaterThan(1);
});
