import type { BuildEventSink } from "@repo2singularity/contracts";
import type { HostIo } from "../host-io.ts";
import { jsonRenderer, plainRenderer } from "./plain-renderer.ts";

/** Draws the events of a build; `finish` is called once, whatever happened. */
export interface EventRenderer {
  readonly sink: BuildEventSink;
  finish(): Promise<void>;
}

/** A task tree on a terminal, plain lines in a pipe or with `--debug`, JSON lines with `--json-logs`. */
export async function openEventRenderer(
  flags: { readonly jsonLogs?: boolean; readonly debug?: boolean },
  io: HostIo,
): Promise<EventRenderer> {
  const finish = (): Promise<void> => Promise.resolve();
  if (flags.jsonLogs === true) return { sink: jsonRenderer(io.stderr), finish };
  if (flags.debug === true || io.stderr.isTTY !== true || io.env["TERM"] === "dumb") {
    return { sink: plainRenderer(io.stderr, { showLogs: flags.debug === true }), finish };
  }
  const { treeRenderer } = await import("./tree-renderer.ts");
  return treeRenderer(io.stderr);
}
