import { readFile } from "node:fs/promises";
import * as z from "zod";
import { AppError, isAbortError, isAppError, Secret, type ProcessRunner } from "@repo2singularity/base";
import type { Credentials, CredentialSource } from "./credentials.ts";

const DockerConfig = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().optional(),
});
type DockerConfig = z.infer<typeof DockerConfig>;

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** Under which keys `docker login` may have stored a host. */
function keysOf(host: string): readonly string[] {
  if (host === "docker.io")
    return ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"];
  return [host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`, `http://${host}`];
}

/**
 * Credentials as `docker login`, `podman login` and `apptainer registry login` store them, helper programs included.
 * A file that is missing says nothing. A helper that fails or does not know the host says nothing either.
 * @param options path of `config.json`; runner and environment (PATH) for helpers, which are not asked without them
 * @throws E_CONFIG_INVALID when the file is malformed
 */
export function dockerConfigCredentials(options: {
  readonly configPath: string;
  readonly runner?: ProcessRunner;
  readonly env?: Readonly<Record<string, string | undefined>>;
}): CredentialSource {
  return async (host, signal) => {
    const config = await readDockerConfig(options.configPath);
    const keys = keysOf(host);
    for (const key of keys) {
      const helper = config.credHelpers[key];
      if (helper !== undefined) return askHelper(helper, key, { ...options, signal });
    }
    for (const key of keys) {
      const stored = config.auths[key];
      const found = stored === undefined ? undefined : decodeStored(stored);
      if (found !== undefined) return found;
    }
    if (config.credsStore === undefined) return undefined;
    return askHelper(config.credsStore, keys[0] ?? host, { ...options, signal });
  };
}

async function readDockerConfig(path: string): Promise<DockerConfig> {
  const text = await readFile(path, "utf8").catch(() => "{}");
  try {
    return DockerConfig.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError("E_CONFIG_INVALID", `${path}: is no configuration file of docker`, { cause: error });
  }
}

function decodeStored(stored: {
  readonly auth?: string | undefined;
  readonly identitytoken?: string | undefined;
}): Credentials | undefined {
  if (stored.identitytoken !== undefined && stored.identitytoken !== "") {
    return { kind: "identity-token", token: new Secret(stored.identitytoken) };
  }
  const text = Buffer.from(stored.auth ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  return { kind: "password", user: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}

async function askHelper(
  name: string,
  key: string,
  options: {
    readonly runner?: ProcessRunner;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Credentials | undefined> {
  const { runner, env = {}, signal } = options;
  if (runner === undefined || !/^[\w.-]+$/.test(name)) return undefined;
  try {
    const { stdout } = await runner(`docker-credential-${name}`, ["get"], {
      env,
      input: key,
      timeoutMs: 30_000,
      ...(signal === undefined ? {} : { signal }),
    });
    const answer = HelperAnswer.parse(JSON.parse(stdout));
    const secret = new Secret(answer.Secret);
    if (answer.Username === "<token>") return { kind: "identity-token", token: secret };
    return { kind: "password", user: answer.Username, password: secret };
  } catch (error) {
    if (isAbortError(error) || isAppError(error, "E_INTERNAL")) throw error;
    return undefined; // the usual way of a helper to say that it has nothing for this host
  }
}
