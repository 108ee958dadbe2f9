import { afterEach, beforeEach, expect, test } from "vitest";
import { parseScope } from "../../policy/scope.ts";
import { createToken, identifyToken, listTokens } from "../../policy/tokens.ts";
import { openTestRegistry, type TestRegistry } from "../registry.fixture.ts";

let registry: TestRegistry;
let token: string;
beforeEach(async () => {
  registry = await openTestRegistry();
  token = await registry.token("ada");
});
afterEach(() => registry[Symbol.asyncDispose]());

type Fields = Readonly<Record<string, string>> | ReadonlyArray<readonly [string, string]>;

/** What a page is, as far as these tests look at it. */
interface Page {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The hidden field of that name, of the last form. */
  readonly field: (name: string) => string;
}

const send = async (fields: Fields, headers: Readonly<Record<string, string>> = {}): Promise<Page> => {
  const pairs = (Array.isArray(fields) ? fields : Object.entries(fields)) as [string, string][]; // either form
  const answer = await registry.call("POST", "/auth/tokens", { body: new URLSearchParams(pairs).toString(), headers });
  const text = await answer.text();
  const field = (name: string): string =>
    [...text.matchAll(new RegExp(`name="${name}" value="([^"]*)"`, "g"))].at(-1)?.[1] ?? "";
  return { status: answer.status, text, headers: answer.headers, field };
};
const signIn = (text = token): Promise<Page> => send({ do: "show", token: text });
const make = (page: Page, more: Readonly<Record<string, string>> = {}): Promise<Page> =>
  send({
    session: page.field("session"),
    id: page.field("id"),
    do: "make",
    label: "laptop",
    pattern: "ada/**",
    action: "pull",
    days: "30",
    ...more,
  });
const shownToken = (page: Page): string => /r2s_p_[\w-]+/.exec(page.text)?.[0] ?? "";
const ids = async (account = "ada"): Promise<string[]> =>
  (await listTokens(registry.registry.state.db, account)).map(({ id }) => id);

test("who shows a token sees their tokens, makes one that does what was chosen, and revokes it", async () => {
  const page = await signIn();
  registry.clock.nowMs += 1000; // tokens are listed by their age
  expect([page.status, page.text]).toEqual([200, expect.stringContaining("<strong>ada</strong>")]);
  expect(page.text).toContain("you are signed in with it");

  const made = await make(page);
  const text = shownToken(made);
  expect(text).toHaveLength(210);
  const { db } = registry.registry.state;
  const { nowMs } = registry.clock;
  expect(await identifyToken(db, text, nowMs)).toMatchObject({ name: "ada", scopes: [parseScope("ada/**:pull")] });
  expect(await identifyToken(db, text, nowMs + 31 * 24 * 3_600_000)).toBeUndefined();
  expect((await signIn()).text).not.toContain(text);

  const [, second = ""] = await ids();
  const revoked = await send({ session: made.field("session"), do: "revoke", id: second });
  expect([revoked.status, revoked.text]).toEqual([200, expect.stringContaining("The token has ended.")]);
  expect(await identifyToken(db, text, nowMs)).toBeUndefined();
});

test("the same form sent twice makes one token, and what is wrong in it is told with the rest kept", async () => {
  const page = await signIn();
  await make(page);
  const again = await make(page);
  expect([again.status, again.text]).toEqual([400, expect.stringContaining("this form was sent before")]);
  expect(await ids()).toHaveLength(2);

  const wrong: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
    [{ pattern: "No Such" }, "is no scope"],
    [{ action: "" }, "choose what the token may do"],
    [{ days: "100000" }, "choose how long"],
    [{ id: "../x", label: "<script>" }, "is no id of a token"],
  ];
  for (const [fields, told] of wrong) {
    const answer = await make(await signIn(), { label: "kept &c", ...fields });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(told)]);
    expect(answer.text).toMatch(/value="(?:kept &amp;c|&lt;script&gt;)"/);
  }
  expect(await ids()).toHaveLength(2);
});

test("only the form itself says who sends it: no header, no cookie, no other token", async () => {
  const page = await signIn();
  const basic = `Basic ${Buffer.from(`ada:${token}`).toString("base64")}`;
  const wish = { do: "make", pattern: "**", action: "push", days: "0", id: page.field("id") };

  expect(page.headers.get("set-cookie")).toBeNull();
  expect((await send(wish, { authorization: basic, cookie: `session=${page.field("session")}` })).status).toBe(403);
  expect((await send({ ...wish, session: token })).status).toBe(403);
  expect((await send({ ...wish, session: page.field("session").replace(".", ".9") })).status).toBe(403);
  const asBearer = await registry.call("GET", "/v1/rbac/users/current", { token: page.field("session") });
  expect(asBearer.status).toBe(401);
  registry.clock.nowMs += 15 * 60_000;
  const late = await make(page);
  expect([late.status, late.text]).toEqual([403, expect.stringContaining("Sign in again")]);
  expect(await ids()).toHaveLength(1);
});

test("a token that is limited or a robot's shows itself alone, makes none, and can be ended", async () => {
  await registry.token("bob");
  registry.clock.nowMs += 1000;
  const [foreign = ""] = await ids("bob");
  const limited = await registry.token("ada", { scopes: [parseScope("ada/x:pull")] });
  const page = await signIn(limited);

  expect(page.text).not.toContain("Make a token");
  expect(page.text.match(/class="card"/g)).toHaveLength(1);
  expect((await make(page, { id: "0123456789ab" })).status).toBe(400);
  for (const id of [(await ids())[0] ?? "", foreign]) {
    expect((await send({ session: page.field("session"), do: "revoke", id })).status).toBe(400);
  }
  const ended = await send({ session: page.field("session"), do: "revoke", id: page.field("id") });
  expect(ended.text).toContain("has ended");
  expect((await signIn(limited)).status).toBe(403);
  expect([await ids(), await ids("bob")]).toMatchObject([{ length: 1 }, { length: 1 }]);
});

test("a token that ends makes none that ends later", async () => {
  const { db } = registry.registry.state;
  const expiresMs = registry.clock.nowMs + 60_000;
  const scopes = [parseScope("**:*")];
  const short = await createToken(
    db,
    { account: "ada", kind: "personal", label: "", scopes, expiresMs },
    registry.clock.nowMs,
  );

  await make(await signIn(short.text.reveal()), { days: "0" });

  const made = (await listTokens(db, "ada")).find(({ label }) => label === "laptop");
  expect(made?.expiresMs).toBe(expiresMs);
});

test("the page cannot be framed, cached or scripted, and a wrong token is told", async () => {
  const answer = await registry.call("GET", "/auth/tokens");

  expect(answer.headers.get("content-security-policy")).toMatch(/default-src 'none';.*frame-ancestors 'none'/);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.text()).not.toContain("<script");
  const wrong = await signIn("x".repeat(210));
  expect([wrong.status, wrong.text]).toEqual([403, expect.stringContaining("That is no valid token.")]);
  expect((await send({ token: "x".repeat(70_000) })).status).toBe(400);
});
