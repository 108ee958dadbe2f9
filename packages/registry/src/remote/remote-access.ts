import type { RetryPolicy, Transport } from "@repo2singularity/base/http";
import type { CredentialSource } from "../auth/credentials.ts";

/** By what means remotes are asked. */
export interface RemoteAccess {
  readonly transport: Transport;
  /** Of OCI registries; nobody when left out. */
  readonly credentials?: CredentialSource;
  /** Asks hosts by plain HTTP that would be asked by HTTPS. */
  readonly plainHttp?: boolean;
  readonly retryPolicy?: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a host (with its port) is this machine, which every client asks by plain HTTP. */
export function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|[\w-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|$)/.test(host);
}

/** Where a host answers, such as `https://example.org`. */
export function originOf(host: string, { plainHttp = false }: Pick<RemoteAccess, "plainHttp">): string {
  return `${plainHttp || isLoopbackHost(host) ? "http" : "https"}://${host}`;
}
