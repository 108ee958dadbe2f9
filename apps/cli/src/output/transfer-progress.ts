import { formatSize } from "@repo2singularity/base";
import type { OutputStream } from "../host-io.ts";

/** Shows how far a transfer is: one line that changes on a terminal, nothing elsewhere. */
export interface TransferProgress {
  report(doneBytes: number, totalBytes: number | undefined): void;
  /** Clears the line. */
  end(): void;
}

const periodMs = 100;

/** Creates the line. @param now ms since 1970 */
export function transferProgress(stream: OutputStream, verb: string, now: () => number): TransferProgress {
  let shownMs = 0;
  let firstMs: number | undefined;
  let firstBytes = 0;
  let isShown = false;
  return {
    report: (doneBytes, totalBytes) => {
      const nowMs = now();
      if (firstMs === undefined) {
        firstMs = nowMs;
        firstBytes = doneBytes;
      }
      if (stream.isTTY !== true || nowMs - shownMs < periodMs) return;
      shownMs = nowMs;
      isShown = true;
      const seconds = (nowMs - firstMs) / 1000;
      const rate = seconds > 0.5 ? `, ${formatSize((doneBytes - firstBytes) / seconds)}/s` : "";
      const share = totalBytes === undefined ? "" : ` of ${formatSize(totalBytes)} ${bar(doneBytes / totalBytes)}`;
      stream.write(`\r\x1b[K${verb} ${formatSize(doneBytes)}${share}${rate}`);
    },
    end: () => {
      if (isShown) stream.write("\r\x1b[K");
    },
  };
}

function bar(share: number): string {
  const width = 24;
  const full = Math.round(Math.min(1, share) * width);
  return `[${"=".repeat(full)}${" ".repeat(width - full)}]`;
}
