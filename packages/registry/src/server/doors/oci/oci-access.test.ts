import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestRegistry, pushBlob, type TestRegistry } from "../registry.fixture.ts";

let registry: TestRegistry;
let token: string;
beforeAll(async () => {
  registry = await openTestRegistry();
  token = await registry.token("lab");
  await pushBlob(registry, token, "lab/open", Buffer.from("{}"));
  await pushBlob(registry, token, "lab/closed", Buffer.from("{}"));
  await registry.registry.state.db
    .insertInto("collection")
    .values({ path: "lab/closed", is_private: 1, description: "", readme: "", quota_bytes: null, retention: null })
    .execute();
});
afterAll(() => registry[Symbol.asyncDispose]());

const empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const basic = (password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`lab:${password}`).toString("base64")}`,
});
const askToken = async (scope: string, headers: Record<string, string> = {}): Promise<Response> =>
  registry.call("GET", `/v2/token?service=x&scope=${scope}`, { headers });
const tokenIn = async (answer: Response): Promise<string> => ((await answer.json()) as { token: string }).token;

test("a client is told where to get a token, and for what", async () => {
  const base = await registry.call("GET", "/v2/");
  expect(base.status).toBe(401);
  expect(base.headers.get("www-authenticate")).toMatch(
    /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/v2\/token",service="127\.0\.0\.1:\d+"$/,
  );
  const closed = await registry.call("GET", `/v2/lab/closed/blobs/${empty}`);
  expect([closed.status, closed.headers.get("www-authenticate")]).toEqual([
    401,
    expect.stringContaining('scope="repository:lab/closed:pull"'),
  ]);
  const push = await registry.call("POST", "/v2/lab/open/blobs/uploads/");
  expect(push.headers.get("www-authenticate")).toContain('scope="repository:lab/open:pull,push"');
});

test("nobody in particular gets a token, which reads what is public", async () => {
  const answer = await askToken("repository:lab/open:pull");
  expect(answer.status).toBe(200);
  const nobody = await tokenIn(answer);

  expect((await registry.call("GET", "/v2/", { token: nobody })).status).toBe(200);
  expect((await registry.call("GET", `/v2/lab/open/blobs/${empty}`, { token: nobody })).status).toBe(200);
  expect((await registry.call("GET", `/v2/lab/closed/blobs/${empty}`, { token: nobody })).status).toBe(401);
});

test("a token works as password, and what it is exchanged for allows what was asked for", async () => {
  const pull = await tokenIn(await askToken("repository:lab/closed:pull", basic(token)));
  const begin = (who: string): Promise<Response> =>
    registry.call("POST", "/v2/lab/closed/blobs/uploads/", { token: who });

  expect((await registry.call("GET", `/v2/lab/closed/blobs/${empty}`, { token: pull })).status).toBe(200);
  expect((await begin(pull)).status).toBe(401);
  expect((await begin(await tokenIn(await askToken("repository:lab/closed:pull,push", basic(token))))).status).toBe(
    202,
  );
  expect((await registry.call("GET", `/v2/lab/closed/blobs/${empty}`, { headers: basic(token) })).status).toBe(200);
});

test("a form with the password is taken as well", async () => {
  const form = (password: string): Promise<Response> =>
    registry.call("POST", "/v2/token", {
      body: new URLSearchParams({ grant_type: "password", username: "lab", password, scope: "" }).toString(),
    });

  expect((await form(token)).status).toBe(200);
  expect((await form("wrong")).status).toBe(401);
});

test("a wrong password is refused also for what is public", async () => {
  const answer = await askToken("repository:lab/open:pull", basic("wrong"));

  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
  expect((await registry.call("GET", `/v2/lab/open/blobs/${empty}`, { token: "wrong" })).status).toBe(401);
});

test("an account of somebody else is told that it may not", async () => {
  const stranger = await registry.token("stranger");
  const exchanged = await tokenIn(await askToken("repository:lab/closed:pull,push", basic(stranger)));

  for (const who of [stranger, exchanged]) {
    const read = await registry.call("GET", `/v2/lab/closed/blobs/${empty}`, { token: who });
    expect([read.status, await read.text()]).toEqual([403, expect.stringContaining("DENIED")]);
    expect((await registry.call("POST", "/v2/lab/open/blobs/uploads/", { token: who })).status).toBe(403);
  }
});

test("addresses and methods that are not there are told as such", async () => {
  expect((await registry.call("GET", "/v2/lab/open")).status).toBe(404);
  expect((await registry.call("GET", "/v2/UPPER/tags/list")).status).toBe(400);
  expect((await registry.call("GET", "/v2/a..b/tags/list")).status).toBe(400);
  const wrong = await registry.call("PUT", "/v2/_catalog");
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
});
