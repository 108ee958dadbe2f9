import { AppError } from "@repo2singularity/base";
import {
  createToken,
  ensureAccount,
  everything,
  formatScope,
  listTokens,
  parseScope,
  revokeToken,
} from "@repo2singularity/registry/server";
import type { HostIo } from "../host-io.ts";
import { openRegistryPlace, type RegistryPlaceFlags } from "../registry/open-registry-place.ts";

/** Options of `registry token create`. */
export interface NewTokenFlags extends RegistryPlaceFlags {
  readonly account: string;
  readonly label: string;
  readonly scope: readonly string[];
  readonly expires?: string;
  readonly robot?: boolean;
  readonly admin?: boolean;
}

const dayMs = 24 * 3_600_000;

/** `registry token create`: prints the token, the one time that it can be shown. */
export async function createRegistryToken(flags: NewTokenFlags, io: HostIo): Promise<void> {
  const scopes = flags.scope.length === 0 ? [everything] : flags.scope.map(parseScope);
  const days = flags.expires === undefined ? undefined : parseDays(flags.expires);
  if (flags.robot === true && flags.scope.length === 0) {
    throw new AppError("E_USAGE", "a robot's token needs to be told what it may do", {
      hint: "add --scope COLLECTION/**:pull,push",
    });
  }
  await using place = await openRegistryPlace(flags, io);
  const { state, now } = place.registry;
  await ensureAccount(state.db, flags.account, now(), flags.admin === true);
  const token = {
    account: flags.account,
    kind: flags.robot === true ? "robot" : "personal",
    label: flags.label,
    scopes,
    ...(days !== undefined && { expiresMs: now() + days * dayMs }),
  } as const;
  const { id, text } = await createToken(state.db, token, now());
  io.stderr.write(`token ${id} of ${flags.account}: ${scopes.map(formatScope).join(" ")}\n`);
  io.stdout.write(`${text.reveal()}\n`);
}

/** `registry token list`: without the tokens themselves, which nobody has. */
export async function listRegistryTokens(
  flags: RegistryPlaceFlags & { readonly account?: string; readonly json?: boolean },
  io: HostIo,
): Promise<void> {
  await using place = await openRegistryPlace(flags, io);
  const tokens = await listTokens(place.registry.state.db, flags.account);
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify(tokens)}\n`);
    return;
  }
  const day = (ms: number | undefined, otherwise: string): string =>
    ms === undefined ? otherwise : new Date(ms).toISOString().slice(0, 10);
  for (const token of tokens) {
    const { id, account, kind, label, scopes, expiresMs, usedMs } = token;
    const times = `expires ${day(expiresMs, "never")}, used ${day(usedMs, "never")}`;
    io.stdout.write(`${id}  ${account} (${kind})  ${scopes.map(formatScope).join(" ")}  ${times}  ${label}\n`);
  }
}

/** `registry token revoke`: ends it at once, also for who is logged in with it. */
export async function revokeRegistryToken(id: string, flags: RegistryPlaceFlags, io: HostIo): Promise<void> {
  await using place = await openRegistryPlace(flags, io);
  if (await revokeToken(place.registry.state.db, id)) return;
  throw new AppError("E_USAGE", `there is no token ${id}`, { hint: "see registry token list" });
}

function parseDays(text: string): number {
  const days = /^([1-9]\d{0,4})d?$/.exec(text)?.[1];
  if (days === undefined) throw new AppError("E_USAGE", `"${text}" is no number of days`, { hint: "write 90d" });
  return Number(days);
}
