import type { RegistryContext } from "../../service/context.ts";

/** What every door is mounted with. */
export interface DoorOptions {
  readonly registry: RegistryContext;
  /** Address under which clients reach the server, without a trailing slash; that of the request when left out. */
  readonly publicUrl?: string;
  /** For how many seconds clients are sent to the object storage for blobs; they are streamed when left out. */
  readonly redirectSeconds?: number;
  /**
   * While an image is built: for how many milliseconds clients hear nothing (20,000 when left out), and then how often
   * a sign of life (5,000).
   */
  readonly patience?: { readonly holdMs: number; readonly beatMs: number };
}
