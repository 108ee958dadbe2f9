import { armorPgpKey, parsePgpKeys, publicPgpKey } from "@repo2singularity/image";
import { isAppError } from "@repo2singularity/base";
import type { RegistryContext } from "./context.ts";
import { refuse } from "./refusal.ts";

/** An OpenPGP key as the key server lists it. */
export interface PublicKey {
  /** 40 digits, upper case. */
  readonly fingerprint: string;
  readonly armored: string;
  /** Number of the algorithm. Source: RFC 9580, section 9.1 */
  readonly algorithm: number;
  /** 0 where the algorithm says it. */
  readonly bits: number;
  readonly createdSeconds: number;
  readonly userIds: readonly string[];
}

const algorithmNumbers: Readonly<Record<string, number>> = {
  rsa: 1,
  dsa: 17,
  ecdsa: 19,
  eddsa: 22,
  ed25519: 27,
  ed448: 28,
};

/**
 * Takes public keys; secret parts are left out. A key that is known is replaced by a form of it that holds more.
 * @returns how many were in the text
 * @throws request-invalid when it holds none
 */
export async function addPublicKeys({ state, now }: RegistryContext, text: string): Promise<number> {
  const keys = await parsePgpKeys(Buffer.from(text), "the text").catch((error: unknown) => {
    if (isAppError(error, "E_SIGNATURE_KEY")) throw refuse("request-invalid", "the text holds no OpenPGP key");
    throw error;
  });
  for (const key of keys) {
    const [algorithm = "", bits = "0"] = key.algorithm.split(" ");
    const armored = await armorPgpKey(await publicPgpKey(key));
    const row = {
      armored,
      algorithm: algorithmNumbers[algorithm] ?? 0,
      bits: Number(bits),
      created_seconds: key.createdSeconds,
      expires_seconds: null,
      user_ids: JSON.stringify(key.userIds),
      added_ms: now(),
    };
    const fingerprint = key.fingerprintHex.toUpperCase();
    await state.db
      .insertInto("public_key")
      .values({ fingerprint, ...row })
      .onConflict((conflict) =>
        conflict
          .column("fingerprint")
          .doUpdateSet(row)
          .where((eb) => eb(eb.fn<number>("length", ["public_key.armored"]), "<", armored.length)),
      )
      .execute();
  }
  return keys.length;
}

/**
 * Keys whose fingerprint ends in some digits, or of whose users one has a text in the name.
 * @param wanted `0x` and 8, 16 or 40 digits, or a part of a name or address
 */
export async function findPublicKeys(
  { state }: RegistryContext,
  wanted: string,
  page: { readonly offset: number; readonly limit: number },
): Promise<PublicKey[]> {
  const hex = /^0x([0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{40})$/i.exec(wanted.trim())?.[1]?.toUpperCase();
  const rows = await state.db
    .selectFrom("public_key")
    .selectAll()
    .$if(hex !== undefined, (query) => query.where("fingerprint", "like", `%${hex}`))
    .$if(hex === undefined, (query) =>
      query.where((eb) =>
        eb(eb.fn<number>("instr", [eb.fn("lower", ["user_ids"]), eb.val(wanted.toLowerCase())]), ">", 0),
      ),
    )
    .orderBy("fingerprint")
    .offset(page.offset)
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    armored: row.armored,
    algorithm: row.algorithm,
    bits: row.bits,
    createdSeconds: row.created_seconds,
    userIds: JSON.parse(row.user_ids) as string[], // addPublicKeys wrote it
  }));
}
