import type { Duplex } from "node:stream";
import type { NetworkPolicy } from "./find-way.ts";
import type { ForwardAgents } from "./forward-request.ts";

/** What answering a request through the proxy of a step needs. */
export interface ProxyContext {
  readonly policy: NetworkPolicy;
  readonly agents: ForwardAgents;
  /** Connections that the server does not count as its own; cut when the proxy is closed. */
  readonly tunnels: Set<Duplex>;
  readonly noteRefused: (text: string) => void;
  /** Aborted when the proxy is closed. */
  readonly signal: AbortSignal;
}
