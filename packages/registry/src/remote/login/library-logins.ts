import { readFile } from "node:fs/promises";
import * as z from "zod";
import { AppError, Secret } from "@repo2singularity/base";

/** A login to a server of libraries. */
export interface LibraryLogin {
  /** Of the server, with its scheme. */
  readonly url: string;
  /** `undefined` for one who only reads. */
  readonly token: Secret | undefined;
}

/** Finds logins to libraries. */
export interface LibraryLogins {
  /** The login in use. @returns undefined when there is none */
  active(): Promise<LibraryLogin | undefined>;
  /** @param host with its port, where it has one */
  of(host: string): Promise<LibraryLogin | undefined>;
}

const Remote = z.looseObject({
  URI: z.string().optional(),
  Token: z.string().optional(),
  Insecure: z.boolean().optional(),
});

/** `remote.yaml` of apptainer; what is not known here is kept. Source: apptainer 1.4, `internal/pkg/remote` */
export const RemotesFile = z.looseObject({
  Active: z.string().nullish(),
  Remotes: z.record(z.string(), Remote).nullish(),
});
/** See above. */
export type RemotesFile = z.infer<typeof RemotesFile>;

/**
 * Reads `remote.yaml`; a file that is not there holds nothing.
 * @throws E_CONFIG_INVALID when it is malformed
 */
export async function readRemotes(path: string): Promise<RemotesFile> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (text.trim() === "") return {};
  const { parse } = await import("yaml"); // 30 ms that only commands with logins should pay
  try {
    return RemotesFile.parse(parse(text) ?? {});
  } catch (error) {
    throw new AppError("E_CONFIG_INVALID", `${path}: is no file of remotes of apptainer`, { cause: error });
  }
}

/**
 * The logins that `apptainer remote` and our `login` keep.
 * @param paths of `remote.yaml`, that of the user before that of the system
 */
export function apptainerLogins(paths: readonly string[]): LibraryLogins {
  const all = (): Promise<readonly RemotesFile[]> => Promise.all(paths.map((path) => readRemotes(path)));
  return {
    active: async () => {
      const files = await all();
      const name = files.find(({ Active }) => typeof Active === "string" && Active !== "")?.Active ?? "";
      return files.map(({ Remotes }) => tryReadLogin(Remotes?.[name])).find((login) => login !== undefined);
    },
    of: async (host) => {
      const remotes = (await all()).flatMap(({ Remotes }) => Object.values(Remotes ?? {}));
      const logins = remotes.map((remote) => tryReadLogin(remote));
      return logins.find((login) => login !== undefined && new URL(login.url).host === host.toLowerCase());
    },
  };
}

/** `HOST/PATH`, `//HOST/PATH` and whole URLs are all in use. */
function tryReadLogin(remote: z.infer<typeof Remote> | undefined): LibraryLogin | undefined {
  const uri = remote?.URI ?? "";
  const scheme = remote?.Insecure === true ? "http" : "https";
  const url = /^https?:\/\//.test(uri) ? uri : `${scheme}://${uri.replace(/^\/\//, "")}`;
  if (uri === "" || !URL.canParse(url)) return undefined;
  const token = remote?.Token ?? "";
  return { url, token: token === "" ? undefined : new Secret(token) };
}
