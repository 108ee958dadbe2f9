import type { FastifyInstance, FastifyReply } from "fastify";
import { addPublicKeys, findPublicKeys, type PublicKey } from "../../service/public-keys.ts";
import { refuse } from "../../service/refusal.ts";
import { tellError } from "../http/answer-error.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { identityOf, queryOf, readBody, takeBodiesUnread } from "../http/request.ts";

const formLimitBytes = 2 ** 20;
const defaultPage = 256;

/**
 * The part of HKP that `apptainer key push`, `pull` and `search`, `verify` and pulls of signed images use. It answers
 * from the database in milliseconds: clients wait no more than five seconds. Anybody reads, accounts add.
 * A Fastify plugin.
 * Source: draft-gallagher-openpgp-hkp, and container-key-client 0.8.0.
 */
export async function keysDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = tellError(error, request);
    return reply.code(status).type("text/plain").send(`${message}\n`);
  });
  app.post("/pks/add", async (request, reply) => {
    const identity = await identityOf(options, request);
    if (identity.kind === "anonymous") throw refuse("unauthenticated", "log in to add keys");
    const form = new URLSearchParams((await readBody(request, formLimitBytes)).toString("utf8"));
    const count = await addPublicKeys(options.registry, form.get("keytext") ?? "");
    return reply.type("text/plain").send(`${count} keys\n`);
  });
  app.get("/pks/lookup", async (request, reply) => {
    await identityOf(options, request);
    const query = queryOf(request);
    const wanted = query.get("search") ?? "";
    if (wanted === "") throw refuse("request-invalid", "say what to look for with `search`");
    const operation = query.get("op");
    if (operation === "get") return sendKey(options, reply, wanted);
    if (operation === "index" || operation === "vindex") return sendIndex(options, reply, wanted, query);
    throw refuse("request-invalid", `op="${operation ?? ""}" is not known, only get and index`);
  });
}

async function sendKey({ registry }: DoorOptions, reply: FastifyReply, wanted: string): Promise<FastifyReply> {
  const [key] = await findPublicKeys(registry, wanted, { offset: 0, limit: 1 });
  if (key === undefined) throw refuse("name-unknown", `there is no key ${wanted}`);
  return reply.type("application/pgp-keys").send(key.armored);
}

async function sendIndex(
  { registry }: DoorOptions,
  reply: FastifyReply,
  wanted: string,
  query: URLSearchParams,
): Promise<FastifyReply> {
  const count = (name: string, otherwise: number): number => {
    const text = query.get(name) ?? "";
    return /^\d{1,6}$/.test(text) ? Number(text) : otherwise;
  };
  const limit = Math.min(Math.max(count("x-pagesize", defaultPage), 1), defaultPage);
  const offset = count("x-pagetoken", 0);
  const found = await findPublicKeys(registry, wanted, { offset, limit: limit + 1 });
  const keys = found.slice(0, limit);
  if (keys.length === 0) throw refuse("name-unknown", `there is no key for ${wanted}`);
  if (found.length > limit) void reply.header("x-hkp-next-page-token", String(offset + limit));
  return reply.type("text/plain").send([`info:1:${keys.length}`, ...keys.flatMap(indexLines), ""].join("\n"));
}

function indexLines(key: PublicKey): string[] {
  const { fingerprint, algorithm, bits, createdSeconds, userIds } = key;
  return [
    `pub:${fingerprint}:${algorithm}:${bits === 0 ? "" : bits}:${createdSeconds}::`,
    ...userIds.map((user) => `uid:${encodeURIComponent(user)}:${createdSeconds}::`),
  ];
}
