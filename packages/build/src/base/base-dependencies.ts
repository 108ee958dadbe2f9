import type { ExtentCache } from "@repo2singularity/image";
import type { VerificationKeys } from "@repo2singularity/image";
import type { CredentialSource, LibraryLogins } from "@repo2singularity/registry";
import type { Store } from "@repo2singularity/store";
import type { DockerHost } from "../daemon/docker.ts";
import type { ExecutorHost } from "../executor/host.ts";
import type { HttpClient } from "../host/http-client.ts";
import type { HostSettings } from "../host/host-settings.ts";
import type { LayerFormat } from "../pipeline/group-key.ts";

/** What bases are made with. */
export interface BaseDependencies {
  readonly store: Store;
  readonly host: ExecutorHost;
  readonly settings: HostSettings;
  readonly client: HttpClient;
  readonly platform: "linux/amd64" | "linux/arm64";
  readonly format: LayerFormat;
  readonly extentCache?: ExtentCache;
  /** Folder against which relative paths are resolved. */
  readonly cwd: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Makes the base anew although the store has it. */
  readonly refresh?: boolean;
  /** The OCI base that `auto` tries first; Debian stable's when left out. */
  readonly autoReference?: string;
  /** Logins of registries; nobody's when left out. */
  readonly credentials?: CredentialSource;
  /** Logins of libraries; nobody's when left out. */
  readonly libraryLogins?: LibraryLogins;
  /** Where images of a docker daemon are looked for. */
  readonly docker: DockerHost;
  /** Fingerprints of the PGP keys that all have to have signed the base; none when left out. */
  readonly signers?: readonly string[];
  /** Finds the keys of those who signed a base; nobody's when left out. */
  readonly findPgpKey?: NonNullable<VerificationKeys["findPgpKey"]>;
  /** Told every line that a program prints while it makes a base. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}
