import type { SessionEvent } from "./run-image.ts";

/**
 * The text that a person at a terminal needs when a server is ready: what to open and, where the browser is on
 * another machine, what to run there first.
 */
export function formatReady(event: Extract<SessionEvent, { type: "ready" }>): string {
  const open = `Open ${event.url}\n`;
  if (event.tunnel === undefined) return open;
  return `On the machine with your browser, run\n\n    ${event.tunnel}\n\nand then open\n\n    ${event.url}\n`;
}
