import { AppError } from "@repo2singularity/base";
import { anonymous } from "../auth/credentials.ts";
import type { RegistryReference } from "../reference/parse-reference.ts";
import type { RemoteAccess } from "../remote/remote-access.ts";
import { registryAddresses } from "./registry-addresses.ts";
import { createRegistryClient, type RegistryClient } from "./registry-client.ts";
import { createRepositoryHttp, type RepositoryHttp } from "./repository-http.ts";

/** A repository of an OCI registry. */
export interface Repository {
  /** For what is written. */
  readonly http: RepositoryHttp;
  /** For what is read. */
  readonly client: RegistryClient;
}

/** The repository of a reference; it holds nothing but tokens. */
export function openRepository(reference: RegistryReference, access: RemoteAccess): Repository {
  const { transport, credentials = anonymous, plainHttp = false, retryPolicy } = access;
  const [found] = registryAddresses(reference);
  if (found === undefined) throw new AppError("E_INTERNAL", `${reference.host}: has no address`);
  const baseUrl = plainHttp ? found.baseUrl.replace(/^https:/, "http:") : found.baseUrl;
  const options = { transport, credentials, ...found, baseUrl, ...(retryPolicy && { retryPolicy }) };
  return { http: createRepositoryHttp(options), client: createRegistryClient(options) };
}
