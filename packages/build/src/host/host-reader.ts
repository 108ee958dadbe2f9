import type { ProcessRunner } from "@repo2singularity/base";

/**
 * What settings of this machine are read through, so that tests can lay out a machine in a folder.
 */
export interface HostReader {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home folder of the user, absolute. */
  readonly homeDir: string;
  /** The text of a file, or `undefined` when it does not exist or may not be read. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  /** Sorted names in a folder; empty when there is none. */
  readonly listFolder: (path: string) => Promise<readonly string[]>;
  readonly runner: ProcessRunner;
}

/** A variable's value, with an empty value counted as none. */
export function variable(env: HostReader["env"], ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value.trim() !== "") return value;
  }
  return undefined;
}

/** The words of a list setting: separated by spaces or line ends. */
export function words(value: string | undefined): readonly string[] {
  return (value ?? "").split(/\s+/).filter((word) => word !== "");
}
