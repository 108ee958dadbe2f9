import { afterAll, beforeAll, expect, test } from "vitest";
import { parseScope } from "../policy/scope.ts";
import { setCollection, setMember } from "../service/collections.ts";
import { digestOf, makeSif, openTestRegistry, pushSif, type TestRegistry } from "./registry.fixture.ts";

/** Who asks, and what that lets them do with `lab/open` and `lab/closed`. */
const identities = {
  anonymous: { open: ["pull"], closed: [] },
  "wrong token": { open: [], closed: [] },
  "ended token": { open: [], closed: [] },
  stranger: { open: ["pull"], closed: [] },
  reader: { open: ["pull"], closed: ["pull"] },
  writer: { open: ["pull", "push"], closed: ["pull", "push"] },
  "writer's robot for lab/open": { open: ["pull", "push"], closed: [] },
  "writer's robot for pulls": { open: ["pull"], closed: ["pull"] },
  owner: { open: ["pull", "push", "delete"], closed: ["pull", "push", "delete"] },
  admin: { open: ["pull", "push", "delete"], closed: ["pull", "push", "delete"] },
} as const;
type Who = keyof typeof identities;

let registry: TestRegistry;
let sif: Buffer;
const tokens = new Map<Who, string>();

beforeAll(async () => {
  registry = await openTestRegistry();
  const { db } = registry.registry.state;
  const owner = await registry.token("lab");
  for (const role of ["reader", "writer"] as const) {
    await setMember(db, "lab", { account: role, role }, 0);
    tokens.set(role, await registry.token(role));
  }
  tokens.set("owner", owner);
  tokens.set("admin", await registry.token("root", { isAdmin: true }));
  tokens.set("stranger", await registry.token("stranger"));
  tokens.set("writer's robot for lab/open", await registry.token("writer", { scopes: [parseScope("lab/open:*")] }));
  tokens.set("writer's robot for pulls", await registry.token("writer", { scopes: [parseScope("**:pull")] }));
  tokens.set("wrong token", "x".repeat(210));
  const ended = await registry.token("lab");
  await db
    .updateTable("token")
    .set({ expires_ms: registry.clock.nowMs })
    .where("hash", "=", digestOf(ended).slice(7))
    .execute();
  tokens.set("ended token", ended);
  sif = await makeSif(registry.folder);
  for (const name of ["lab/open", "lab/closed"]) await pushSif(registry, owner, { name, tag: "v1" }, sif);
  await setCollection(db, "lab/closed", { isPrivate: true });
});
afterAll(() => registry[Symbol.asyncDispose]());

interface Route {
  readonly action: "pull" | "push" | "delete";
  readonly method: string;
  readonly path: (name: string) => string;
  readonly body?: (name: string) => unknown;
}

const id = (text: string): string => Buffer.from(text).toString("base64url");
const route = (action: Route["action"], method: string, path: Route["path"], body?: Route["body"]): Route => ({
  action,
  method,
  path,
  ...(body !== undefined && { body }),
});

/** Every route of every door that is about one repository. What is deleted is never there, so that all may ask. */
const routes: readonly Route[] = [
  ...["GET", "HEAD"].flatMap((method) => [
    route("pull", method, (name) => `/v2/${name}/manifests/v1`),
    route("pull", method, (name) => `/v2/${name}/blobs/${digestOf(sif)}`),
    route("pull", method, (name) => `/v1/imagefile/${name}:v1?arch=amd64`),
    route("pull", method, (name) => `/${name}/v1.sif`),
    route("pull", method, (name) => `/${name}/v1.sif.sha256`),
  ]),
  route("pull", "GET", (name) => `/v2/${name}/tags/list`),
  route("pull", "GET", (name) => `/v2/${name}/referrers/${digestOf("x")}`),
  route("pull", "GET", (name) => `/v1/images/${name}:v1?arch=amd64`),
  route("pull", "GET", (name) => `/v1/containers/${name}`),
  route("pull", "GET", (name) => `/v1/tags/${id(name)}`),
  route("pull", "GET", (name) => `/v2/tags/${id(name)}`),
  route("pull", "GET", (name) => `/api/container/${name}:v1`),
  route("pull", "GET", (name) => `/${name.replace("/", "/api/container/")}:v1`),
  route("pull", "GET", (name) => `/catalogue/${name}`),
  route(
    "push",
    "PATCH",
    (name) => `/catalogue/${name}`,
    () => ({ description: "SIF_MAGIC" }),
  ),
  route("push", "POST", (name) => `/v2/${name}/blobs/uploads/`),
  route("push", "POST", (name) => `/v2/${name}/blobs/uploads/?mount=${digestOf(Buffer.from("{}"))}&from=lab/open`),
  route("push", "GET", (name) => `/v2/${name}/blobs/uploads/none`),
  route("push", "PATCH", (name) => `/v2/${name}/blobs/uploads/none`),
  route("push", "PUT", (name) => `/v2/${name}/blobs/uploads/none?digest=${digestOf("x")}`),
  route("push", "DELETE", (name) => `/v2/${name}/blobs/uploads/none`),
  route("push", "PUT", (name) => `/v2/${name}/manifests/v2`),
  route(
    "push",
    "POST",
    () => "/v1/containers",
    (name) => ({ name }),
  ),
  route(
    "push",
    "POST",
    () => "/v1/images",
    (name) => ({ hash: `sha256.${"0".repeat(64)}`, container: id(name) }),
  ),
  route("push", "POST", (name) => `/v1/imagefile/${id(`${name}@${digestOf("x")}`)}`),
  route(
    "push",
    "POST",
    (name) => `/v2/imagefile/${id(`${name}@${digestOf("x")}`)}`,
    () => ({ filesize: 1 }),
  ),
  ...["_complete", "_multipart_complete", "_multipart_abort", "_multipart"].map((step) =>
    route(
      "push",
      "PUT",
      (name) => `/v2/imagefile/${id(`${name}@${digestOf("x")}`)}/${step}`,
      () => ({
        uploadID: "none",
        partNumber: 1,
      }),
    ),
  ),
  route(
    "push",
    "POST",
    (name) => `/v2/imagefile/${id(`${name}@${digestOf("x")}`)}/_multipart`,
    () => ({ filesize: 1 }),
  ),
  ...["v1", "v2"].map((version) =>
    route(
      "push",
      "POST",
      (name) => `/${version}/tags/${id(name)}`,
      (name) => ({
        Arch: "amd64",
        Tag: "v3",
        ImageID: id(`${name}@${digestOf("nothing")}`),
      }),
    ),
  ),
  route("delete", "DELETE", (name) => `/v2/${name}/manifests/none`),
  route("delete", "DELETE", (name) => `/v2/${name}/blobs/${digestOf("nothing")}`),
  route("delete", "DELETE", (name) => `/v1/images/${name}:none?arch=amd64`),
];

for (const who of Object.keys(identities) as Who[]) {
  test(`${who}: every route of every door allows what it should, and nothing else`, async () => {
    const token = tokens.get(who);
    const wrong: string[] = [];
    const ask = async (place: "open" | "closed", { action, method, path, body }: Route): Promise<void> => {
      const allowed: readonly string[] = identities[who][place];
      const name = `lab/${place}`;
      const answer = await registry.call(method, path(name), {
        ...(token !== undefined && { token }),
        ...(body !== undefined && { body: JSON.stringify(body(name)) }),
      });
      const text = await answer.text();
      const isRefused = answer.status === 401 || answer.status === 403;
      if (isRefused === allowed.includes(action)) wrong.push(`${method} ${path(name)}: ${answer.status} ${text}`);
      if (isRefused && text.includes("SIF_MAGIC")) wrong.push(`${method} ${path(name)}: leaks`);
      if (answer.status >= 500) wrong.push(`${method} ${path(name)}: ${answer.status}`);
    };
    await Promise.all((["open", "closed"] as const).flatMap((place) => routes.map((one) => ask(place, one))));
    expect(wrong).toEqual([]);
  });
}

test("lists and searches show what is private to those who may pull it", async () => {
  const lists = [
    "/v2/_catalog",
    "/catalogue.json",
    "/catalogue.json?q=closed",
    "/catalogue",
    "/catalogue?q=lab",
    "/v1/search?value=closed",
  ];
  for (const who of Object.keys(identities) as Who[]) {
    const isShown = (identities[who].closed as readonly string[]).includes("pull");
    const token = tokens.get(who);
    for (const path of lists) {
      const answer = await registry.call("GET", path, token === undefined ? {} : { token });
      expect((await answer.text()).includes("closed"), `${who} ${path}`).toBe(isShown && answer.status === 200);
    }
  }
});

test("somebody's digest is not enough to take their private image", async () => {
  const secret = await makeSif(registry.folder, { content: "only in lab/closed" });
  const owner = tokens.get("owner") ?? "";
  await pushSif(registry, owner, { name: "lab/closed", tag: "v9" }, secret);
  const stranger = tokens.get("stranger") ?? "";
  const hash = digestOf(secret).replace(":", ".");
  await registry.call("POST", "/v1/containers", { token: stranger, body: JSON.stringify({ name: "stranger/x" }) });
  const made = await registry.call("POST", "/v1/images", {
    token: stranger,
    body: JSON.stringify({ hash, container: id("stranger/x") }),
  });

  expect(await made.json()).toMatchObject({ data: { uploaded: false } });
  const completed = await registry.call("PUT", `/v2/imagefile/${id(`stranger/x@${digestOf(secret)}`)}/_complete`, {
    token: stranger,
    body: "{}",
  });
  expect(completed.status).toBe(400);
});
