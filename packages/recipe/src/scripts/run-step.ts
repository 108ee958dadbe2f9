import type { CacheName, Step } from "@repo2singularity/contracts";
import { buildVariables } from "./image-layout.ts";

/** A step that runs a script. */
export type RunStep = Extract<Step, { kind: "run" }>;

/** A step that writes a file. */
export type WriteStep = Extract<Step, { kind: "write" }>;

/** What a script needs besides its text. */
export interface RunNeeds {
  readonly cwd?: string;
  readonly caches?: readonly CacheName[];
  readonly network?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A step that runs a POSIX sh script with the build's variables.
 * @param script read with `set -e`
 */
export function createRunStep(title: string, script: string, needs: RunNeeds = {}): RunStep {
  return {
    kind: "run",
    title,
    script,
    interpreter: "sh",
    env: { ...buildVariables, ...needs.env },
    cwd: needs.cwd ?? "/",
    caches: [...(needs.caches ?? [])],
    network: needs.network ?? false,
  };
}

/** A step that writes one file. */
export function createWriteStep(title: string, path: string, content: string, mode: number = 0o644): WriteStep {
  return { kind: "write", title, path, content, mode };
}

/**
 * Lines of sh that write a text to a file, whatever stands in it.
 * @param text must not hold the line `R2S_END`
 */
export function writeFileLines(path: string, text: string): string {
  return `cat >${path} <<'R2S_END'\n${text.endsWith("\n") ? text : `${text}\n`}R2S_END\n`;
}
