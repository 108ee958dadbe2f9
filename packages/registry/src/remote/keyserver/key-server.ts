import { AppError, redactUrl, type Secret } from "@repo2singularity/base";
import { discardBody, headerOf, readCapped, retry, type HttpAnswer } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import type { RemoteAccess } from "../remote-access.ts";
import { parseKeyIndex, type ListedKey } from "./key-index.ts";

/** A server of public OpenPGP keys. Source: draft-gallagher-openpgp-hkp, and what apptainer 1.4.5 asks of it */
export interface KeyServer {
  /**
   * The key of a fingerprint, armored.
   * @param fingerprint 40 hexadecimal digits, or the last 16 of them
   * @returns undefined when the server does not have it
   */
  get(fingerprint: string): Promise<string | undefined>;
  /** Keys by a part of their user ids, or by fingerprint. */
  search(text: string): Promise<readonly ListedKey[]>;
  /** @param armored one public key */
  add(armored: string): Promise<void>;
}

const keyLimitBytes = 4 * 2 ** 20;
/** More pages than this are no answer but a loop. */
const pageLimit = 20;

/**
 * Creates the client of a key server.
 * @param url with the path before `/pks`, such as `https://keys.openpgp.org`
 */
export function createKeyServer(url: string, token: Secret | undefined, access: RemoteAccess): KeyServer {
  const base = `${url.replace(/\/+$/, "")}/pks`;
  const { transport, retryPolicy, signal } = access;
  const headers: Readonly<Record<string, string>> =
    token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
  const again = <Result>(call: () => Promise<Result>): Promise<Result> =>
    retry(call, { signal, ...(retryPolicy !== undefined && { policy: retryPolicy }) });
  const lookUp = async (query: Readonly<Record<string, string>>): Promise<HttpAnswer | undefined> => {
    const answer = await transport.ask(`${base}/lookup?${new URLSearchParams(query).toString()}`, { headers, signal });
    if (answer.statusCode !== 200 && answer.statusCode !== 404) throw await statusError(answer);
    if (answer.statusCode === 200) return answer;
    discardBody(answer);
    return undefined;
  };
  return {
    get: (fingerprint) =>
      again(async () => {
        const answer = await lookUp({ op: "get", options: "mr", exact: "on", search: `0x${fingerprint}` });
        return answer === undefined ? undefined : readCapped(answer, keyLimitBytes);
      }),
    search: (text) =>
      again(async () => {
        const found: ListedKey[] = [];
        let page: Record<string, string> = {};
        for (let count = 0; count < pageLimit; count += 1) {
          const query = { op: "index", options: "mr", fingerprint: "on", search: text, "x-pagesize": "256", ...page };
          const answer = await lookUp(query);
          if (answer === undefined) break;
          found.push(...parseKeyIndex(await readCapped(answer, keyLimitBytes)));
          const next = headerOf(answer, "x-hkp-next-page-token") ?? "";
          if (next === "") break;
          page = { "x-pagetoken": next };
        }
        return found;
      }),
    add: (armored) =>
      again(async () => {
        const form = { "content-type": "application/x-www-form-urlencoded" };
        const body = new URLSearchParams({ keytext: armored }).toString();
        const answer = await transport.ask(`${base}/add`, {
          method: "POST",
          headers: { ...headers, ...form },
          body,
          signal,
        });
        if (answer.statusCode < 200 || answer.statusCode > 299) throw await statusError(answer);
        discardBody(answer);
      }),
  };
}

/** The error of a key that a server does not have. */
export function noSuchKey(fingerprint: string, url: string): AppError {
  return new AppError("E_SIGNATURE_KEY", `${redactUrl(url)}: has no key ${fingerprint}`, {
    hint: "ask its owner for the public key and run: repo2singularity key import FILE",
  });
}
