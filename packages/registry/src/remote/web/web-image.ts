import { AppError, redactUrl, type Digest } from "@repo2singularity/base";
import { discardBody, headerOf, readCapped, retry, type HttpAnswer } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import { rangeQuestion, readHttpBytes } from "../http-bytes.ts";
import type { RemoteAccess } from "../remote-access.ts";
import type { RemoteImage } from "../remote-image.ts";
import { promisedDigest, tryParseSha256 } from "./promised-digest.ts";

/**
 * Resolves a file of a web server. Its digest is that of its headers, else that of a file `NAME.sha256` beside it.
 * @param url http or https; a user and password in it are sent as Basic credentials
 * @throws E_REGISTRY_NOT_FOUND, E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL
 */
export async function resolveWebImage(url: string, access: RemoteAccess): Promise<RemoteImage> {
  const { address, authorization } = splitUserInfo(url);
  const headers = authorization === undefined ? {} : { authorization };
  const head = await askHead(address, headers, access);
  const version = head === undefined ? undefined : (headerOf(head, "etag") ?? headerOf(head, "last-modified"));
  const length = head === undefined ? undefined : headerOf(head, "content-length");
  const digest = (head && promisedDigest(head)) ?? (await fetchSha256File(address, headers, access));
  return {
    reference: redactUrl(address),
    digest,
    sizeBytes: length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined,
    ...(version !== undefined && { version }),
    open: async (range, signal) => {
      // a file that is replaced meanwhile is answered whole, which is noticed
      const isPart = range.startBytes > 0 || range.endBytes !== undefined;
      const condition = isPart && version !== undefined && !version.startsWith("W/") ? { "if-range": version } : {};
      const question = rangeQuestion(range);
      const asked = { ...headers, ...question.headers, ...condition };
      return readHttpBytes(await access.transport.ask(address, { ...question, headers: asked, signal }), range);
    },
  };
}

/** @returns undefined when the server does not answer HEAD, as with presigned addresses */
async function askHead(
  url: string,
  headers: Readonly<Record<string, string>>,
  access: RemoteAccess,
): Promise<HttpAnswer | undefined> {
  const { transport, retryPolicy, signal } = access;
  const call = async (): Promise<HttpAnswer | undefined> => {
    const asked = { ...headers, "accept-encoding": "identity" };
    const answer = await transport.ask(url, { method: "HEAD", headers: asked, signal });
    if (answer.statusCode !== 200 && ![403, 405, 501].includes(answer.statusCode)) throw await statusError(answer);
    discardBody(answer);
    return answer.statusCode === 200 ? answer : undefined;
  };
  return retry(call, { signal, ...(retryPolicy !== undefined && { policy: retryPolicy }) });
}

async function fetchSha256File(
  url: string,
  headers: Readonly<Record<string, string>>,
  { transport, signal }: RemoteAccess,
): Promise<Digest | undefined> {
  const beside = new URL(url);
  if (beside.search !== "") return undefined; // a signed or computed address has no files beside it
  const name = decodeURIComponent(beside.pathname.split("/").at(-1) ?? "");
  beside.pathname += ".sha256";
  const answer = await transport.ask(beside.toString(), { headers, signal });
  if (answer.statusCode !== 200) {
    discardBody(answer);
    return undefined;
  }
  return tryParseSha256(await readCapped(answer), name);
}

function splitUserInfo(url: string): { readonly address: string; readonly authorization: string | undefined } {
  if (!URL.canParse(url)) throw new AppError("E_REFERENCE_INVALID", `"${redactUrl(url)}" is no URL`);
  const parsed = new URL(url);
  const { username, password } = parsed;
  parsed.username = "";
  parsed.password = "";
  const words = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = username === "" ? undefined : `Basic ${Buffer.from(words).toString("base64")}`;
  return { address: parsed.toString(), authorization };
}
