import type { Secret } from "@repo2singularity/base";

/** What a registry gets to know who asks. */
export type Credentials =
  | { readonly kind: "password"; readonly user: string; readonly password: Secret }
  /** A refresh token, as `docker login` to some registries gives one. */
  | { readonly kind: "identity-token"; readonly token: Secret };

/**
 * Finds credentials for a registry host, such as `ghcr.io`; Docker Hub is `docker.io`.
 * @returns `undefined` for an anonymous pull
 */
export type CredentialSource = (host: string, signal?: AbortSignal) => Promise<Credentials | undefined>;

/** The source that knows nobody. */
export const anonymous: CredentialSource = async () => undefined;
