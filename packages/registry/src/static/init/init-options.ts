import type { RegistrySettings } from "../source/documents.ts";

/** A service that builds and publishes a registry. */
export type CiService = "github" | "gitlab" | "circleci";

/** What a new registry is made for. */
export interface InitOptions {
  readonly settings: Partial<Pick<RegistrySettings, "title" | "description" | "url" | "storage" | "storageUrl">>;
  readonly ci?: Pick<ServiceOptions, "programUrl"> & { readonly service: CiService };
  readonly isMetadataOnly: boolean;
}

/** What the settings of a service depend on. */
export interface ServiceOptions {
  /** Whether images are built elsewhere, so that the service only checks what is said of them. */
  readonly isMetadataOnly: boolean;
  /** Where the service gets this program from: a git URL. */
  readonly programUrl: string;
}

/** A file of a new registry. */
export interface InitFile {
  /** From the registry's root. */
  readonly path: string;
  readonly text: string;
}
