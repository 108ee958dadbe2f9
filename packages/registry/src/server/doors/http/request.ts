import type { FastifyInstance, FastifyRequest } from "fastify";
import * as z from "zod";
import { identify } from "../../policy/identify.ts";
import type { Identity } from "../../policy/identity.ts";
import { refuse } from "../../service/refusal.ts";
import type { DoorOptions } from "./door-options.ts";

/** JSON bodies have at most 1 MiB. */
const jsonLimitBytes = 2 ** 20;

/** Hands every body to the routes unread, whatever type it has or has not: clients often leave it out. */
export function takeBodiesUnread(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _body, done) => done(null));
}

/** Who sent a request. @throws unauthenticated when a token was shown that is not valid */
export async function identityOf({ registry }: DoorOptions, request: FastifyRequest): Promise<Identity> {
  const identity = await identify(registry.state, request.headers.authorization, registry.now());
  if (identity !== undefined) return identity;
  throw refuse("unauthenticated", "the token is not valid: it may have ended or been revoked");
}

/** Where clients reach the server, without a trailing slash. */
export function addressOf({ publicUrl }: DoorOptions, request: FastifyRequest): string {
  return publicUrl ?? `${request.protocol}://${request.host}`;
}

/** The bytes of a request's body. Stopping early does not cut the connection, so that an answer still gets out. */
export function bodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return request.raw.iterator({ destroyOnReturn: false });
}

/** The announced length of a body in bytes. */
export function announcedBytes(request: FastifyRequest): number | undefined {
  const text = request.headers["content-length"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A small body whole. @throws request-invalid when it is larger than the limit */
export async function readBody(request: FastifyRequest, limitBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let seenBytes = 0;
  for await (const chunk of bodyOf(request)) {
    seenBytes += chunk.length;
    if (seenBytes > limitBytes) throw refuse("request-invalid", `the body has more than ${limitBytes} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** A JSON body, whatever its type says. @throws request-invalid */
export async function readJson<T>(request: FastifyRequest, schema: z.ZodType<T>): Promise<T> {
  const text = (await readBody(request, jsonLimitBytes)).toString("utf8");
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll("\n", " ") : "it is no JSON";
    throw refuse("request-invalid", `the body cannot be read: ${why.slice(0, 300)}`);
  }
}

/** Values of a query or form by name; of several with one name the first, and only texts. */
export function queryOf(request: FastifyRequest): URLSearchParams {
  const start = request.raw.url?.indexOf("?") ?? -1;
  return new URLSearchParams(start < 0 ? "" : request.raw.url?.slice(start));
}
