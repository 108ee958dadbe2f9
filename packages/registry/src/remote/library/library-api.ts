import * as z from "zod";
import { AppError, redactUrl, type Secret } from "@repo2singularity/base";
import { discardBody, readCapped, retry, type HttpAnswer, type HttpQuestion } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import { parseDocument } from "../../oci/documents.ts";
import type { RemoteAccess } from "../remote-access.ts";

/** Where a library answers, and who asks. */
export interface LibraryServer {
  /** With its path, without a slash at the end. */
  readonly baseUrl: string;
  readonly token: Secret | undefined;
}

/**
 * The JSON calls of the library API; each is tried again where that cannot do harm.
 * Source: measured against apptainer 1.4.5; container-library-client 1.4.10
 */
export interface LibraryApi {
  readonly baseUrl: string;
  /** @returns the `data` of the answer; undefined for 404 */
  get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | undefined>;
  /** @returns the `data` of the answer; of an empty one, what the schema makes of `undefined` */
  send<Schema extends z.ZodType>(
    method: "POST" | "PUT",
    path: string,
    body: unknown,
    schema: Schema,
  ): Promise<z.output<Schema>>;
  /** The `data` of an answer to {@link ask}; anything but success is an error. */
  read<Schema extends z.ZodType>(answer: HttpAnswer, schema: Schema): Promise<z.output<Schema>>;
  /** Asks once and gives the answer as it is; for bulk data, and for answers without a body. */
  ask(path: string, question?: HttpQuestion): Promise<HttpAnswer>;
}

/** A server may take a while to build what is asked for; one that is alive sends white space meanwhile. */
const patientMs = 120_000;
const Envelope = z.object({ data: z.unknown().optional() });
const jsonLimitBytes = 8 * 2 ** 20;

/** Creates the calls of a library; it holds nothing. */
export function createLibraryApi(server: LibraryServer, access: RemoteAccess): LibraryApi {
  const { transport, retryPolicy, signal } = access;
  const baseUrl = server.baseUrl.replace(/\/+$/, "");
  const headers: Readonly<Record<string, string>> =
    server.token === undefined ? {} : { authorization: `Bearer ${server.token.reveal()}` };
  const ask: LibraryApi["ask"] = (path, question = {}) =>
    transport.ask(`${baseUrl}${path}`, {
      idleTimeoutMs: patientMs,
      signal,
      ...question,
      headers: { ...headers, ...question.headers },
    });
  const again = <Result>(call: () => Promise<Result>): Promise<Result> =>
    retry(call, { signal, ...(retryPolicy !== undefined && { policy: retryPolicy }) });
  return {
    baseUrl,
    ask,
    read: readData,
    get: (path, schema) =>
      again(async () => {
        const answer = await ask(path);
        if (answer.statusCode === 404) {
          discardBody(answer);
          return undefined;
        }
        return readData(answer, schema);
      }),
    send: (method, path, body, schema) =>
      again(async () => {
        const json = { "content-type": "application/json" };
        return readData(await ask(path, { method, headers: json, body: JSON.stringify(body) }), schema);
      }),
  };
}

async function readData<Schema extends z.ZodType>(answer: HttpAnswer, schema: Schema): Promise<z.output<Schema>> {
  if (answer.statusCode < 200 || answer.statusCode > 299) throw await statusError(answer);
  const text = await readCapped(answer, jsonLimitBytes);
  const { data } = parseDocument(Envelope, Buffer.from(text.trim() === "" ? "{}" : text), answer.shownUrl);
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError(
    "E_REGISTRY_PROTOCOL",
    `${answer.shownUrl}: data.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is malformed"}`,
  );
}

/** A path of the API: every part escaped, slashes and the colon before a tag kept. */
export function apiPath(prefix: string, name: string, query: Readonly<Record<string, string>> = {}): string {
  const escaped = name.split("/").map((part) => encodeURIComponent(part).replaceAll("%3A", ":"));
  const search = new URLSearchParams(query).toString();
  return `${prefix}/${escaped.join("/")}${search === "" ? "" : `?${search}`}`;
}

/** The error of an image that a library does not have. */
export function noSuchImage(shown: string, architecture: string, api: LibraryApi): AppError {
  return new AppError(
    "E_REGISTRY_NOT_FOUND",
    `${shown}: ${redactUrl(api.baseUrl)} has no such image for ${architecture}`,
    {
      hint: "check name, tag and --arch; a private image needs a login: repo2singularity login HOST",
    },
  );
}
