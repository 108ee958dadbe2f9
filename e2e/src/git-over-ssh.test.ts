import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleRepository } from "./support/clones.ts";
import { repo2singularity } from "./support/program.ts";
import { allUsers, type User } from "./support/users.ts";

const user: User = allUsers()[0]!; // a server of one's own lets nobody else in
const sshd = "/usr/sbin/sshd";
const hasServer = spawnSync(sshd, ["-V"]).error === undefined;

describe.runIf(hasServer)("git over ssh, from a server on loopback", () => {
  let server: Server;
  let repository = "";
  let env: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    server = await startServer(mkdtempSync(path.join(user.home, "ssh-")));
    repository = exampleRepository(user, "hello-jupyter");
    env = { GIT_SSH_COMMAND: server.clientCommand("user") };
  });
  afterAll(() => server.stop());

  const plan = (url: string, variables = env): ReturnType<typeof repo2singularity> =>
    repo2singularity(user, ["plan", "--base", "debootstrap:trixie", "--ref", "main", url], { env: variables });

  test("a URL with user and port", async () => {
    const ended = await plan(`ssh://${server.userName}@127.0.0.1:${server.port}${repository}`);

    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(ended.stdout).toContain("requirements.txt");
  });

  test("the short form that scp has", async () => {
    const variables = { GIT_SSH_COMMAND: `${server.clientCommand("user")} -p ${server.port}` };

    const ended = await plan(`${server.userName}@127.0.0.1:${repository}`, variables);

    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(ended.stdout).toContain("requirements.txt");
  });

  test("a key that the server does not know ends with one error, without the password of the URL", async () => {
    const url = `ssh://${server.userName}:not-to-be-seen@127.0.0.1:${server.port}${repository}`;

    const ended = await plan(url, { GIT_SSH_COMMAND: server.clientCommand("stranger") });

    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain("(E_SOURCE_");
    expect(ended.stderr.match(/^error: /gm)).toHaveLength(1);
    expect(ended.stderr + ended.stdout).not.toContain("not-to-be-seen");
  });
});

interface Server {
  readonly port: number;
  readonly userName: string;
  /** The ssh command that knows this server, and asks nobody, with a key of the folder. */
  clientCommand(key: string): string;
  stop(): void;
}

/** An sshd of the user's own with keys of its own, on a free port. */
async function startServer(folder: string): Promise<Server> {
  const file = (name: string): string => path.join(folder, name);
  const port = await freePort();
  for (const name of ["host", "user", "stranger"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(name)]);
  }
  writeFileSync(file("known"), `[127.0.0.1]:${port} ${readFileSync(file("host.pub"), "utf8")}`);
  if (user.uid === 0) mkdirSync("/run/sshd", { recursive: true }); // root's sshd refuses to start without it
  const settings = {
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: file("host"),
    AuthorizedKeysFile: file("user.pub"),
    PidFile: "none",
    PasswordAuthentication: "no",
    UsePAM: "no",
    StrictModes: "no", // the folder lies below one that everybody may write to
  };
  writeFileSync(
    file("sshd_config"),
    Object.entries(settings)
      .map(([key, value]) => `${key} ${value}\n`)
      .join(""),
  );
  const child = spawn(sshd, ["-D", "-e", "-f", file("sshd_config")], { stdio: ["ignore", "ignore", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("Server listening")) resolve();
    });
    child.once("exit", () => reject(new Error(`sshd ended: ${output}`)));
  });
  const options = [`UserKnownHostsFile=${file("known")}`, "IdentitiesOnly=yes", "BatchMode=yes"];
  return {
    port,
    userName: execFileSync("id", ["-un"], { encoding: "utf8" }).trim(),
    clientCommand: (key) => ["ssh -F none", `-i ${file(key)}`, ...options.map((option) => `-o ${option}`)].join(" "),
    stop: () => void child.kill(),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
