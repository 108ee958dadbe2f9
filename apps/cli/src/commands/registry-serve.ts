import { writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError, shellQuote } from "@repo2singularity/base";
import {
  createRegistryServer,
  createToken,
  ensureAccount,
  everything,
  type RegistryContext,
} from "@repo2singularity/registry/server";
import type { HostIo } from "../host-io.ts";
import { openRegistryPlace, type RegistryPlaceFlags } from "../registry/open-registry-place.ts";

/** Options of `registry serve`. */
export interface ServeFlags extends RegistryPlaceFlags {
  readonly port: number;
  readonly host: string;
  readonly publicUrl?: string;
  readonly trustProxy?: boolean;
  /** Seconds for which clients are sent to the object storage itself. */
  readonly redirect?: number;
  readonly sparseManifests?: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "silent";
}

/** Transfers that still run when the server is told to end get this long. */
const graceMs = 30_000;

/** `registry serve`: one process, every door, until it is told to end. */
export async function serveRegistry(flags: ServeFlags, io: HostIo): Promise<void> {
  await using place = await openRegistryPlace(flags, io);
  const server = await createRegistryServer({
    registry: place.registry,
    log: { level: flags.logLevel, stream: io.stderr },
    ...(flags.publicUrl !== undefined && { publicUrl: flags.publicUrl.replace(/\/+$/, "") }),
    ...(flags.redirect !== undefined && { redirectSeconds: flags.redirect }),
    trustProxy: flags.trustProxy === true,
  });
  const address = await server.listen({ port: flags.port, host: flags.host }).catch((error: unknown) => {
    throw new AppError("E_USAGE", `cannot listen on ${flags.host}:${flags.port}: ${String(error)}`, {
      hint: "choose another --port or --host",
      cause: error,
    });
  });
  const url = flags.publicUrl ?? address;
  const tokenFile = await ensureAdmin(place.registry, path.join(place.stateFolder, "admin-token"));
  if (tokenFile !== undefined) io.stdout.write(firstSteps(url, tokenFile.path, tokenFile.token));
  io.stdout.write(`serving ${flags.root} at ${url}\n`);
  await new Promise<void>((resolve) => {
    if (io.signal.aborted) resolve();
    else io.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const cut = setTimeout(() => server.server.closeAllConnections(), graceMs);
  await server.close();
  clearTimeout(cut);
}

/** The first start makes an admin; @returns where its token is, undefined when there is an admin already */
async function ensureAdmin(
  { state, now }: RegistryContext,
  file: string,
): Promise<{ readonly path: string; readonly token: string } | undefined> {
  const admin = await state.db.selectFrom("account").select("id").where("is_admin", "=", 1).executeTakeFirst();
  if (admin !== undefined) return undefined;
  await ensureAccount(state.db, "admin", now(), true);
  const token = { account: "admin", kind: "personal", label: "first start", scopes: [everything] } as const;
  const { text } = await createToken(state.db, token, now());
  await writeFile(file, `${text.reveal()}\n`, { mode: 0o600 });
  return { path: file, token: text.reveal() };
}

function firstSteps(url: string, tokenFile: string, token: string): string {
  const file = shellQuote(tokenFile);
  // apptainer refuses to use a remote whose address has a port and no https, unless its file is written for it
  const canAdd = url.startsWith("https://") || new URL(url).port === "";
  const insecure = url.startsWith("https://") ? "" : "--insecure ";
  const lines = canAdd
    ? [
        `apptainer remote add ${insecure}--no-login registry ${url}`,
        `apptainer remote login --tokenfile ${file} registry`,
      ]
    : [`repo2singularity login --token-file ${file} ${url}`, "apptainer remote status"];
  return `the token of the account "admin", also in ${tokenFile}:\n${token}\nto use it:\n  ${lines.join("\n  ")}\n`;
}
