import { afterEach, beforeEach, expect, test } from "vitest";
import { openState, type RegistryState } from "../state/open-state.ts";
import { issueAccessToken } from "./access-token.ts";
import { anonymousIdentity, identify } from "./identify.ts";
import { parseScope } from "./scope.ts";
import { createToken, ensureAccount, listTokens, revokeToken } from "./tokens.ts";

let state: RegistryState;
beforeEach(async () => {
  state = await openState(":memory:");
  await ensureAccount(state.db, "alice", 0);
});
afterEach(() => state[Symbol.asyncDispose]());

const newToken = { account: "alice", kind: "personal", label: "laptop", scopes: [parseScope("**:*")] } as const;
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

test("a token is long enough for apptainer, known by bearer and by password, and nowhere in the database", async () => {
  const { text } = await createToken(state.db, newToken, 1000);

  expect(text.reveal().length).toBeGreaterThanOrEqual(200);
  for (const header of [`Bearer ${text.reveal()}`, `bearer  ${text.reveal()}`, basic("whoever", text.reveal())]) {
    expect(await identify(state, header, 2000)).toMatchObject({ kind: "account", name: "alice", isAdmin: false });
  }
  const rows = await state.db.selectFrom("token").selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(text.reveal().slice(6, 40));
});

test("no header, an empty bearer and an empty password are nobody, anything else unknown", async () => {
  for (const header of [undefined, "", "Bearer", "Bearer ", basic("", "")]) {
    expect(await identify(state, header, 0)).toEqual(anonymousIdentity);
  }
  for (const header of ["Bearer nonsense", basic("alice", "guess"), "Digest x", "Bearer r2s_a_e30.AAAA"]) {
    expect(await identify(state, header, 0)).toBeUndefined();
  }
});

test("a token ends at its time and when it is revoked, and its short-lived ones with it", async () => {
  const { id, text } = await createToken(state.db, { ...newToken, expiresMs: 5000 }, 0);
  const identity = await identify(state, `Bearer ${text.reveal()}`, 4999);
  if (identity === undefined) throw new Error("the token is valid");
  const short = issueAccessToken(state, identity, [], { nowMs: 4000, lifeSeconds: 300 });

  expect(await identify(state, `Bearer ${short}`, 4999)).toMatchObject({ name: "alice", limits: [] });
  expect(await identify(state, `Bearer ${text.reveal()}`, 5000)).toBeUndefined();
  expect(await identify(state, `Bearer ${short}`, 5000)).toBeUndefined();
  expect(await revokeToken(state.db, id)).toBe(true);
  expect(await revokeToken(state.db, id)).toBe(false);
  expect(await identify(state, `Bearer ${short}`, 4500)).toBeUndefined();
});

test("a short-lived token ends by itself and cannot be altered", async () => {
  const { text } = await createToken(state.db, newToken, 0);
  const identity = (await identify(state, `Bearer ${text.reveal()}`, 0)) ?? anonymousIdentity;
  const short = issueAccessToken(state, identity, [parseScope("alice/x:pull")], { nowMs: 0, lifeSeconds: 300 });
  const [body = "", signature = ""] = short.split(".");

  expect(await identify(state, `Bearer ${short}`, 299_999)).toMatchObject({ name: "alice" });
  expect(await identify(state, `Bearer ${short}`, 300_000)).toBeUndefined();
  expect(await identify(state, `Bearer ${body}x.${signature}`, 0)).toBeUndefined();
});

test("lists show whose a token is, what for and what it allows", async () => {
  await ensureAccount(state.db, "root", 0, true);
  await createToken(state.db, { ...newToken, account: "root", kind: "robot", label: "ci" }, 10);
  await createToken(state.db, newToken, 20);

  const all = await listTokens(state.db);

  expect(all.map(({ account, kind, label }) => [account, kind, label])).toEqual([
    ["root", "robot", "ci"],
    ["alice", "personal", "laptop"],
  ]);
  expect(await listTokens(state.db, "alice")).toHaveLength(1);
});

test("an account's name is one that a repository can begin with", async () => {
  for (const name of ["", "Alice", "a/b", "../x", "a b"]) {
    await expect(ensureAccount(state.db, name, 0), name).rejects.toMatchObject({ code: "E_USAGE" });
  }
  await expect(createToken(state.db, { ...newToken, account: "bob" }, 0)).rejects.toMatchObject({
    code: "E_REGISTRY_NOT_FOUND",
  });
});
