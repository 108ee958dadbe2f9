import { mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { processRunner } from "@repo2singularity/base";
import {
  localFiles,
  openHttpClient,
  readHostSettings,
  type HostSettings,
  type HttpAnswer,
} from "@repo2singularity/build";
import { giveTo } from "../clones.ts";
import type { User } from "../users.ts";
import { makeAuthority } from "./authority.ts";
import { startInspectingProxy } from "./inspecting-proxy.ts";
import { makeMirror } from "./mirror.ts";

/** The network of an institute: one way out, which reads inside TLS, and a package mirror that wants a password. */
export interface Institute extends AsyncDisposable {
  /** Variables of its machines. */
  readonly env: Readonly<Record<string, string>>;
  /** The `mirrors` table of its site configuration. */
  readonly mirrors: Readonly<Record<string, string>>;
  readonly mirrorHost: string;
  readonly seenHosts: ReadonlySet<string>;
  /** Texts that tell of the institute. */
  readonly secrets: readonly string[];
}

const mirrorHost = "packages.institute.example";
const mirrorLogin = "mirror-reader:mirror-password-7f3a";
const proxyLogin = "proxy-reader:proxy-password-91c4";
const authorityName = "Institute Inspecting Authority";

/** Starts the institute's servers on loopback; what they serve comes through this machine's own way out. */
export async function startInstitute(user: User): Promise<Institute> {
  const folder = mkdtempSync(path.join(user.home, "institute-"));
  const authority = makeAuthority(folder, authorityName);
  const bundle = path.join(folder, "institute-bundle.crt");
  writeFileSync(bundle, authority.certificate, { mode: 0o644 });
  giveTo(user, folder);
  const machine = await machineSettings();
  const client = openHttpClient(machine);
  const mirror = makeMirror(`https://${mirrorHost}`, machine);
  const running = new AbortController(); // clients go away in the middle of downloads, which nobody reads then
  const login = `Basic ${Buffer.from(mirrorLogin).toString("base64")}`;
  const proxy = await startInspectingProxy({
    authority,
    credentials: proxyLogin,
    answer: async (url, { headers: { accept, authorization } }) => {
      const options = { signal: running.signal, ...(accept === undefined ? {} : { accept }) };
      if (url.hostname !== mirrorHost) return client.get(url.href, options);
      const upstream = mirror.upstreamOf(url.pathname + url.search);
      if (/^\/(?:python|debian)/.test(url.pathname) && authorization !== login) return refusal(401);
      if (upstream === undefined) return refusal(404);
      const answer = await client.get(upstream, options);
      return { ...answer, body: mirror.rewrite(answer) };
    },
  });
  const address = `http://${proxyLogin}@127.0.0.1:${proxy.port}`;
  const archive = `https://${mirrorLogin}@${mirrorHost}`;
  return {
    env: {
      ...clearedVariables(),
      http_proxy: address,
      https_proxy: address,
      SSL_CERT_FILE: bundle,
      PIP_INDEX_URL: `${archive}/python/`,
      npm_config_registry: `https://${mirrorHost}/npm/`,
    },
    mirrors: {
      debian: `${archive}/debian`,
      debianSecurity: `${archive}/debianSecurity`,
    },
    mirrorHost,
    seenHosts: proxy.seenHosts,
    secrets: [
      ...[mirrorLogin, proxyLogin].flatMap((pair) => pair.split(":")),
      ...[mirrorLogin, proxyLogin].map((pair) => Buffer.from(pair).toString("base64")),
      mirrorHost,
      `127.0.0.1:${proxy.port}`,
      authorityName,
      ...pemLines(authority.certificate),
    ],
    [Symbol.asyncDispose]: async () => {
      running.abort();
      await proxy[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
    },
  };
}

/** What the machine that runs the tests is itself set to. */
export function machineSettings(): Promise<HostSettings> {
  const homeDir = process.env["HOME"] ?? "/";
  return readHostSettings({ env: process.env, homeDir, ...localFiles, runner: processRunner });
}

/** The lines of a certificate that hold its data and are long enough to be nothing else. */
export function pemLines(pem: string): readonly string[] {
  return pem.split("\n").filter((line) => /^[A-Za-z0-9+/]{60,}$/.test(line));
}

/** Proxies and package settings of the machine itself, which the institute's take the place of. */
function clearedVariables(): Readonly<Record<string, string>> {
  const isReplaced = (name: string): boolean => /^(?:(?:https?|all|no)_proxy|(?:PIP|UV|npm_config)_.*)$/i.test(name);
  return Object.fromEntries(
    Object.keys(process.env)
      .filter(isReplaced)
      .map((name) => [name, ""]),
  );
}

function refusal(statusCode: number): HttpAnswer {
  const body = (async function* (): AsyncGenerator<Uint8Array> {})();
  return { statusCode, url: "", contentType: "text/plain", body };
}
