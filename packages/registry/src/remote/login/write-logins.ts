import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { AppError, type Secret } from "@repo2singularity/base";
import { replaceFile } from "@repo2singularity/image";
import { readRemotes, type RemotesFile } from "./library-logins.ts";

/**
 * Makes a server the one that `library://` references without a host go to, in apptainer's `remote.yaml`. The form is
 * the one that works for every command of apptainer 1.4, also with a port and by plain HTTP, which `apptainer remote
 * add` cannot write.
 * @param login name of the entry, URL of the server, its token
 */
export async function writeLibraryLogin(
  file: string,
  login: { readonly name: string; readonly url: string; readonly token: Secret },
): Promise<void> {
  const { name, url, token } = login;
  const before = await readRemotes(file);
  const isInsecure = url.startsWith("http:");
  const entry = {
    ...before.Remotes?.[name],
    URI: isInsecure ? url : url.replace(/^https:/, ""),
    Token: token.reveal(),
    System: false,
    Exclusive: false,
    Insecure: isInsecure,
  };
  await writeRemotes(file, { ...before, Active: name, Remotes: { ...before.Remotes, [name]: entry } });
}

/** Takes a server out of `remote.yaml`. @returns whether it was there */
export async function removeLibraryLogin(file: string, name: string): Promise<boolean> {
  const before = await readRemotes(file);
  if (before.Remotes?.[name] === undefined) return false;
  const { [name]: _removed, ...others } = before.Remotes;
  const active = before.Active === name ? (Object.keys(others)[0] ?? "") : before.Active;
  await writeRemotes(file, { ...before, Active: active, Remotes: others });
  return true;
}

async function writeRemotes(file: string, content: RemotesFile): Promise<void> {
  const { stringify } = await import("yaml"); // only when somebody logs in
  await writePrivate(file, stringify(content));
}

/** Only what is changed is looked at; the rest is kept as it is. */
const DockerConfig = z.looseObject({ auths: z.record(z.string(), z.unknown()).nullish() });

/** Writes a login into a `config.json` of docker's form, where docker, podman, skopeo and apptainer look for it. */
export async function writeDockerLogin(
  file: string,
  login: { readonly host: string; readonly user: string; readonly password: Secret },
): Promise<void> {
  const before = await readDockerConfig(file);
  const auth = Buffer.from(`${login.user}:${login.password.reveal()}`).toString("base64");
  const after = { ...before, auths: { ...before.auths, [login.host]: { auth } } };
  await writePrivate(file, `${JSON.stringify(after, undefined, 2)}\n`);
}

/** Takes a login out of a `config.json`. @returns whether it was there */
export async function removeDockerLogin(file: string, host: string): Promise<boolean> {
  const before = await readDockerConfig(file);
  if (before.auths?.[host] === undefined) return false;
  const { [host]: _removed, ...others } = before.auths;
  await writePrivate(file, `${JSON.stringify({ ...before, auths: others }, undefined, 2)}\n`);
  return true;
}

async function readDockerConfig(file: string): Promise<z.infer<typeof DockerConfig>> {
  const text = await readFile(file, "utf8").catch(() => "{}");
  try {
    return DockerConfig.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError("E_CONFIG_INVALID", `${file}: is no configuration file of docker`, { cause: error });
  }
}

/** A file that only its owner reads, there as a whole or not at all. */
async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await replaceFile(file, (handle) => handle.writeFile(text), { mode: 0o600 });
}
