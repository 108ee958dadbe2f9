import { printable } from "@repo2singularity/base";
import { findWay, type NetworkPolicy, type Way } from "./find-way.ts";
import { formatEndpoint } from "./named-endpoints.ts";
import type { ProxiedTarget } from "./upstream-proxy.ts";

/** What a client of the proxy is told in place of what it asked for. */
export class Denial extends Error {
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, text: string) {
    super(`repo2singularity: ${printable(text)}`);
    this.status = status;
  }
}

/** Told to everybody who is refused. */
const refusalAdvice = "--network host gives steps this machine's network";

/**
 * The way to a target that may be reached.
 * @param noteRefused is told of one that may not
 * @throws Denial for any other
 */
export async function admit(
  target: ProxiedTarget,
  { policy, noteRefused }: { readonly policy: NetworkPolicy; readonly noteRefused: (text: string) => void },
): Promise<Exclude<Way, { kind: "refused" }>> {
  const way = await findWay(target, policy);
  if (way.kind !== "refused") return way;
  noteRefused(way.text);
  throw new Denial(403, `${way.text}. ${refusalAdvice}`);
}

/** What a client is told of something that was thrown. */
export function denialOf(error: unknown, { host, port }: Pick<ProxiedTarget, "host" | "port">): Denial {
  if (error instanceof Denial) return error;
  const text = error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : messageOf(error);
  return new Denial(502, `${formatEndpoint(host, port)}: ${text}`);
}

/** The whole answer to a CONNECT that is denied. The reason stands in the status line too: clients show that one. */
export function deniedTunnel({ status, message }: Denial): string {
  const body = `${message}\n`;
  const length = Buffer.byteLength(body);
  const headers = `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\nConnection: close`;
  return `HTTP/1.1 ${status} ${statusText(message)}\r\n${headers}\r\n\r\n${body}`;
}

/** A message as it may stand in a status line. */
export function statusText(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]/g, "?");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
