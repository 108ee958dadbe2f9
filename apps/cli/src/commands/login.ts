import { AppError, Secret } from "@repo2singularity/base";
import {
  checkLogin,
  removeDockerLogin,
  removeLibraryLogin,
  writeDockerLogin,
  writeLibraryLogin,
} from "@repo2singularity/registry";
import type { HostIo } from "../host-io.ts";
import { apptainerFiles } from "../apptainer-files.ts";
import { readNamedText } from "../named-file.ts";
import { dockerConfigFiles } from "../registry-access.ts";
import { openRemoteAccess, type RemoteFlags } from "../remote-access.ts";
import { readSecretLine } from "../secret-line.ts";

/** Options of `login`. */
export interface LoginFlags extends RemoteFlags {
  readonly username?: string;
  /** The token or password is its first line; from standard input when left out. */
  readonly tokenFile?: string;
}

/** What registries take as a name when only the token counts. */
const anyUser = "token";

/** `login`: tries a token at a server, and writes it where we, apptainer, docker and the like look for it. */
export async function login(host: string, flags: LoginFlags, io: HostIo): Promise<void> {
  const token = await readToken(host, flags, io);
  await using access = await openRemoteAccess(flags, io);
  const found = await checkLogin(host, { user: flags.username ?? anyUser, password: token }, access);
  const user = flags.username ?? found.user ?? anyUser;
  const name = new URL(found.url).host;
  const written: string[] = [];
  if (found.isLibrary) {
    const { remotes } = apptainerFiles(io);
    await writeLibraryLogin(remotes, { name, url: found.url, token });
    written.push(remotes);
  }
  if (found.isOci) {
    for (const file of dockerConfigFiles(io)) {
      await writeDockerLogin(file, { host: dockerName(name), user, password: token });
      written.push(file);
    }
  }
  io.stdout.write(`logged in to ${name} as ${user}\n`);
  for (const file of written) io.stderr.write(`wrote ${file}\n`);
}

/** `logout`: forgets the logins of a server. */
export async function logout(host: string, io: HostIo): Promise<void> {
  const name = /^https?:\/\//.test(host) ? new URL(host).host : host;
  let isKnown = await removeLibraryLogin(apptainerFiles(io).remotes, name);
  for (const file of dockerConfigFiles(io)) isKnown = (await removeDockerLogin(file, dockerName(name))) || isKnown;
  if (!isKnown) throw new AppError("E_REGISTRY_AUTH", `${name}: there is no login to forget`);
  io.stdout.write(`logged out of ${name}\n`);
}

/** Docker Hub has a key of its own. */
function dockerName(host: string): string {
  return host === "docker.io" || host === "registry-1.docker.io" ? "https://index.docker.io/v1/" : host;
}

async function readToken(host: string, { tokenFile }: LoginFlags, io: HostIo): Promise<Secret> {
  const text =
    tokenFile === undefined
      ? await readSecretLine(io, `token or password for ${host}: `)
      : await readNamedText(tokenFile, io);
  const token = text.split(/\r?\n/)[0]?.trim() ?? "";
  if (token !== "") return new Secret(token);
  throw new AppError("E_USAGE", `no token for ${host} was given`, {
    hint: "give a file with --token-file, or the token on standard input",
  });
}
