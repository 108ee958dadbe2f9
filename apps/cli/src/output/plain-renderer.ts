import { formatDuration } from "@repo2singularity/base";
import type { BuildEvent, BuildEventSink } from "@repo2singularity/contracts";
import type { OutputStream } from "../host-io.ts";

/** Draws events as lines that make sense in a file or a pipe. */
export function plainRenderer(stream: OutputStream, options: { readonly showLogs: boolean }): BuildEventSink {
  return (event) => {
    const line = plainLine(event, options.showLogs);
    if (line !== undefined) stream.write(`${line}\n`);
  };
}

/** Draws events as JSON lines: the event and, for readers of repo2docker's logs, its `message`. */
export function jsonRenderer(stream: OutputStream): BuildEventSink {
  return (event) => {
    stream.write(`${JSON.stringify({ message: plainLine(event, true) ?? "", ...event })}\n`);
  };
}

/** One event as one line, or `undefined` when people need not see it. */
export function plainLine(event: BuildEvent, showLogs: boolean): string | undefined {
  switch (event.type) {
    case "phase-start":
      return `- ${event.title}`;
    case "phase-end": {
      const detail = event.detail === undefined ? "" : `: ${event.detail}`;
      const outcome = event.outcome === "cached" ? "cached" : `done in ${formatDuration(event.durationMs)}`;
      return `  ${event.phase} ${outcome}${detail}`;
    }
    case "phase-failed":
      return `  ${event.phase} failed`; // why is told once, as the error that ends the program
    case "log":
      return showLogs ? `    ${event.line}` : undefined;
    case "progress":
      return undefined;
    case "notice":
      return `note: ${event.message}`;
  }
}
