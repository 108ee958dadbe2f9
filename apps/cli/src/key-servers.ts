import { AppError } from "@repo2singularity/base";
import { createKeyServer, type KeyServer, keyServerOf } from "@repo2singularity/registry";
import type { HostIo } from "./host-io.ts";
import { openRemoteAccess, type RemoteFlags } from "./remote-access.ts";

/** Options of commands that ask a key server. */
export interface KeyServerFlags extends RemoteFlags {
  /** Of the key server; that of the login in use when left out. */
  readonly url?: string;
}

/** A key server with its connections. */
export interface FoundKeyServer extends AsyncDisposable {
  readonly url: string;
  readonly client: KeyServer;
}

/** The key server that was named, or that of the login in use. @returns undefined when there is neither */
export async function findKeyServer(flags: KeyServerFlags, io: HostIo): Promise<FoundKeyServer | undefined> {
  const access = await openRemoteAccess(flags, io);
  try {
    const named = flags.url === undefined ? undefined : flags.url.replace(/^hkp:/, "http:").replace(/^hkps:/, "https:");
    const login = named === undefined ? await access.logins?.active() : await access.logins?.of(new URL(named).host);
    const url = named ?? (login === undefined ? undefined : await keyServerOf(login.url, access));
    if (url !== undefined) {
      const client = createKeyServer(url, login?.token, access);
      return { url, client, [Symbol.asyncDispose]: () => access[Symbol.asyncDispose]() };
    }
  } catch (error) {
    await access[Symbol.asyncDispose]();
    throw error;
  }
  await access[Symbol.asyncDispose]();
  return undefined;
}

/** As {@link findKeyServer}. @throws E_USAGE when there is none */
export async function requireKeyServer(flags: KeyServerFlags, io: HostIo): Promise<FoundKeyServer> {
  const found = await findKeyServer(flags, io);
  if (found !== undefined) return found;
  throw new AppError("E_USAGE", "no key server is known", {
    hint: "name one with --url https://keys.openpgp.org, or log in to a server: repo2singularity login HOST",
  });
}
