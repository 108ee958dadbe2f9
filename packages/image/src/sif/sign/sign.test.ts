import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAppError } from "@repo2singularity/base";
import { makePgpKey, parsePgpKeys, publicPgpKey, type PgpKey } from "../../pgp/pgp-key.ts";
import { addSifObject } from "../modify.ts";
import { openSif } from "../read.ts";
import { uuidFromContent } from "../uuid.ts";
import { writeSif } from "../write.ts";
import { parsePrivateKey, parsePublicKey } from "./dsse.ts";
import { signSif, type SifSigner } from "./sign-sif.ts";
import { verifySifSignatures, type VerificationKeys } from "./verify-signatures.ts";

const golden = join(import.meta.dirname, "golden");
const timeSeconds = 1_700_000_000;
let folder: string;
let pgpKey: PgpKey;
const ed25519 = generateKeyPairSync("ed25519");
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sif-sign-"));
  pgpKey = await makePgpKey({ name: "Ada", email: "ada@example.org" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file of `golden/make.sh` in the folder of the test. */
async function unpackGolden(name: string, as: string = name): Promise<string> {
  const path = join(folder, `${as}.sif`);
  await writeFile(path, gunzipSync(await readFile(join(golden, `${name}.sif.gz`))));
  return path;
}

async function writeImage(name: string): Promise<string> {
  const path = join(folder, name);
  const objects = [
    { kind: { type: "definition" }, content: "bootstrap: scratch\n" },
    { kind: { type: "json" }, name: "r2s.json", content: '{"a":1}' },
    { kind: { type: "generic" }, name: "other", content: "x", groupId: 3 },
    { kind: { type: "generic" }, name: "alone", content: "y", groupId: "none" },
  ] as const;
  await writeSif(path, { objects, uuid: uuidFromContent("0".repeat(32)), createdSeconds: timeSeconds });
  return path;
}

const publicKey = (key: KeyObject): VerificationKeys => ({ publicKeys: [key] });
const pgpKeys = (...keys: readonly PgpKey[]): VerificationKeys => ({
  findPgpKey: async (fingerprint) => keys.find((key) => key.fingerprintHex === fingerprint),
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
  return "no error";
}

async function readKey(name: string): Promise<string> {
  return readFile(join(golden, name), "utf8");
}

test.each(["ed25519", "ecdsa", "rsa"])("a DSSE signature of apptainer by %s verifies", async (kind) => {
  const path = await unpackGolden(kind);
  const key = parsePublicKey(await readKey(`${kind}.pub`), kind);

  const verified = await verifySifSignatures(path, publicKey(key));

  expect(verified.map(({ groupId, objectIds }) => ({ groupId, objectIds }))).toEqual([
    { groupId: 1, objectIds: [1, 2] },
    { groupId: 2, objectIds: [3] },
  ]);
});

test.each(["ed25519", "rsa"])("a signature by %s has the bytes that apptainer's has", async (kind) => {
  const path = await unpackGolden("plain", `ours-${kind}`);
  await using theirs = await openSif(await unpackGolden(kind));

  const added = await signSif(
    path,
    { kind: "dsse", privateKey: parsePrivateKey(await readKey(`${kind}.pem`), kind) },
    { timeSeconds },
  );

  await using ours = await openSif(path);
  expect(added).toHaveLength(2);
  for (const { id } of added) {
    expect(Buffer.from(await ours.readBytes(id))).toEqual(Buffer.from(await theirs.readBytes(id)));
    const { groupId, link, extra, typeCode } = theirs.object(id);
    expect(ours.object(id)).toMatchObject({ groupId, link, extra, typeCode });
  }
});

test("a PGP signature of apptainer verifies with the key of its keyring", async () => {
  const path = await unpackGolden("pgp");
  const [key] = await parsePgpKeys(await readFile(join(golden, "pgp-public")), "pgp-public");
  if (key === undefined) throw new Error("no key in the golden keyring");

  const verified = await verifySifSignatures(path, pgpKeys(key));

  expect(verified).toHaveLength(2);
  expect(verified[0]).toMatchObject({ signer: key.fingerprintHex, userIds: ["Golden <golden@example.org>"] });
});

test("what was signed with PGP verifies with the public key, and one that is locked needs its passphrase", async () => {
  const path = await writeImage("pgp.sif");
  const locked = await makePgpKey({ name: "Locked", passphrase: "secret" });

  const without = await codeOf(signSif(path, { kind: "pgp", key: locked }, { timeSeconds }));
  const wrong = await codeOf(signSif(path, { kind: "pgp", key: locked, passphrase: "other" }, { timeSeconds }));
  await signSif(path, { kind: "pgp", key: locked, passphrase: "secret" }, { timeSeconds });
  await signSif(path, { kind: "pgp", key: pgpKey }, { timeSeconds });
  const keys = pgpKeys(await publicPgpKey(locked), await publicPgpKey(pgpKey));

  expect([without, wrong]).toEqual(["E_SIGNATURE_KEY", "E_SIGNATURE_KEY"]);
  expect((await verifySifSignatures(path, keys)).map(({ userIds }) => userIds[0])).toEqual([
    "Locked",
    "Ada <ada@example.org>",
    "Locked",
    "Ada <ada@example.org>",
  ]);
  expect(await codeOf(verifySifSignatures(path, pgpKeys(pgpKey)))).toBe("E_SIGNATURE_KEY");
});

test("the two forms do not go together in one image", async () => {
  const dsse = await unpackGolden("ed25519", "mixed-dsse");
  const pgp = await unpackGolden("pgp", "mixed-pgp");

  const first = await codeOf(signSif(dsse, { kind: "pgp", key: pgpKey }, { timeSeconds }));
  const second = await codeOf(signSif(pgp, { kind: "dsse", privateKey: ed25519.privateKey }, { timeSeconds }));

  expect([first, second]).toEqual(["E_SIGNATURE_MIXED", "E_SIGNATURE_MIXED"]);
});

test("an unsigned image, a foreign key, no key and a public key that is to sign have their codes", async () => {
  const unsigned = await unpackGolden("plain", "unsigned");
  const signed = await unpackGolden("ecdsa", "foreign");

  expect(await codeOf(verifySifSignatures(unsigned, {}))).toBe("E_SIGNATURE_MISSING");
  expect(await codeOf(verifySifSignatures(signed, publicKey(ed25519.publicKey)))).toBe("E_SIGNATURE_INVALID");
  expect(await codeOf(verifySifSignatures(signed, {}))).toBe("E_SIGNATURE_KEY");
  expect(await codeOf(signSif(unsigned, { kind: "pgp", key: await publicPgpKey(pgpKey) }, { timeSeconds }))).toBe(
    "E_SIGNATURE_KEY",
  );
  expect(() => parsePublicKey("no key", "x")).toThrow("x: no public key in PEM form could be read");
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ type: "spki", format: "pem" });
  expect(() => parsePublicKey(String(weak), "x")).toThrow("1024 bits");
});

const signers: readonly (readonly [string, () => SifSigner, () => VerificationKeys])[] = [
  ["DSSE", () => ({ kind: "dsse", privateKey: ed25519.privateKey }), () => publicKey(ed25519.publicKey)],
  ["PGP", () => ({ kind: "pgp", key: pgpKey }), () => pgpKeys(pgpKey)],
];

test.each(signers)("an object that comes later into a signed group spoils its %s signature", async (name, by, keys) => {
  const path = await writeImage(`added-${name}.sif`);
  await signSif(path, by(), { timeSeconds });
  expect(await verifySifSignatures(path, keys())).toHaveLength(2);

  await addSifObject(path, { kind: { type: "generic" }, content: "z" }, { timeSeconds });

  expect(await codeOf(verifySifSignatures(path, keys()))).toBe("E_SIGNATURE_INVALID");
});

test.each(signers)("no byte that a %s signature covers can be changed", async (name, by, keys) => {
  const path = await writeImage(`tampered-${name}.sif`);
  await signSif(path, by(), { timeSeconds });
  const bytes = await readFile(path);
  await using sif = await openSif(path);
  const covered = [
    ...Array.from({ length: 32 }, (_, index) => index), // the launch line
    ...Array.from({ length: 16 }, (_, index) => 48 + index), // the UUID
    ...sif.descriptors
      .filter(({ groupId }) => groupId !== undefined)
      .flatMap(({ slot, offset, sizeBytes }) => {
        const start = sif.header.descriptorsOffset + slot * 585;
        const name73 = Array.from({ length: 512 }, (_, index) => start + 73 + index); // name and extra
        return [...name73, start + 49 - 8, ...Array.from({ length: sizeBytes }, (_, index) => offset + index)];
      }),
  ];

  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...covered), fc.integer({ min: 0, max: 7 }), async (position, bit) => {
      const changed = Buffer.from(bytes);
      changed[position] = (changed[position] ?? 0) ^ (1 << bit);
      const target = join(folder, `changed-${name}.sif`);
      await writeFile(target, changed);

      expect(await codeOf(verifySifSignatures(target, keys()))).toMatch(/^E_(SIGNATURE|SIF)_INVALID$/);
    }),
    { numRuns: 60 },
  );
});

test.each(signers)("a changed %s signature never verifies", async (name, by, keys) => {
  const path = await writeImage(`forged-${name}.sif`);
  const [first] = await signSif(path, by(), { timeSeconds });
  const bytes = await readFile(path);
  await using sif = await openSif(path);
  const { offset, sizeBytes } = sif.object(first?.id ?? 0);
  const text = bytes.toString("latin1", offset, offset + sizeBytes);
  // the payload of an envelope, the text of a message: digits of digests, so that the form stays
  const payload = name === "DSSE" ? text.indexOf('"payload":"') + 60 : text.indexOf('"objectDigest":"sha256:') + 30;

  bytes[offset + payload] = text[payload] === "0" ? 0x31 : 0x30;
  await writeFile(path, bytes);

  expect(await codeOf(verifySifSignatures(path, keys()))).toBe("E_SIGNATURE_INVALID");
});
