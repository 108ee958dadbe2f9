import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openKeyring, selectPgpKey } from "./keyring.ts";
import { armorPgpKey, makePgpKey, parsePgpKeys, publicPgpKey } from "./pgp-key.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keyring-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a secret key goes into both files, without its secret into the public one, and only its owner reads them", async () => {
  const ring = openKeyring(join(folder, "keys"));
  const key = await makePgpKey({ name: "Ada", email: "ada@example.org", comment: "test", passphrase: "x" });
  const other = await publicPgpKey(await makePgpKey({ name: "Bob" }));

  await ring.add(key);
  await ring.add(other);
  await ring.add(key);

  const secret = await ring.secretKeys();
  const open = await ring.publicKeys();
  expect(secret).toMatchObject([{ fingerprintHex: key.fingerprintHex, isSecret: true, isLocked: true }]);
  expect(open.map(({ userIds, isSecret }) => [userIds[0], isSecret])).toEqual([
    ["Bob", false],
    ["Ada (test) <ada@example.org>", false],
  ]);
  expect((await stat(join(folder, "keys/pgp-public"))).mode % 0o1000).toBe(0o600);
  expect((await readFile(join(folder, "keys/pgp-public"))).includes(Buffer.from(secret[0]?.bytes ?? []))).toBe(false);
});

test("a key is the same after it was armored", async () => {
  const key = await makePgpKey({ name: "Ada" });

  const [parsed] = await parsePgpKeys(Buffer.from(await armorPgpKey(key)), "key.asc");

  expect(parsed).toEqual(key);
});

test("a key is found by the end of its fingerprint and by name, and never by guessing", async () => {
  const [ada, bob] = [await makePgpKey({ name: "Ada" }), await makePgpKey({ name: "Bob" })];
  const keys = [ada, bob];

  expect(selectPgpKey(keys, `0x${ada.fingerprintHex.slice(-16).toUpperCase()}`, "ring")).toBe(ada);
  expect(selectPgpKey(keys, "bob", "ring")).toBe(bob);
  expect(selectPgpKey([bob], undefined, "ring")).toBe(bob);
  expect(() => selectPgpKey(keys, undefined, "ring")).toThrow("ring: several keys fit");
  expect(() => selectPgpKey(keys, "cleo", "ring")).toThrow('ring: has no key "cleo"');
});

test("an empty keyring has no keys, a damaged one says so", async () => {
  expect(await openKeyring(folder).publicKeys()).toEqual([]);
  await writeFile(join(folder, "pgp-public"), "no keys");

  await expect(openKeyring(folder).publicKeys()).rejects.toMatchObject({ code: "E_SIGNATURE_KEY" });
});

test("keys that are added at once are all there", async () => {
  const keys = await Promise.all(["Ada", "Bob", "Cleo", "Dan", "Eve"].map((name) => makePgpKey({ name })));

  await Promise.all(keys.map((key) => openKeyring(join(folder, "keys")).add(key)));

  const found = (await openKeyring(join(folder, "keys")).secretKeys()).map(({ fingerprintHex }) => fingerprintHex);
  expect(found.toSorted()).toEqual(keys.map(({ fingerprintHex }) => fingerprintHex).toSorted());
  expect((await readdir(join(folder, "keys"))).toSorted()).toEqual(["pgp-public", "pgp-secret"]);
});
