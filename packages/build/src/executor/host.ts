import type { ProcessRunner } from "@repo2singularity/base";

/** What executors need to know of the machine that they run on. */
export interface ExecutorHost {
  readonly runner: ProcessRunner;
  /** PATH on which host programs (unshare, mount, find, …) are looked for. */
  readonly path: string;
  /** Node's `process.arch`. */
  readonly processor: string;
  /** The effective user id of this process. */
  readonly uid: number;
  /** Folder for the trial of `probe`, such as `/tmp`; a local filesystem that may hold programs. */
  readonly tmpDir: string;
}

/** The environment of host programs: their PATH with the administrators' folders, and plain messages. */
export function hostEnvironment(host: ExecutorHost): Readonly<Record<string, string>> {
  return { PATH: `${host.path}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: "C", TMPDIR: host.tmpDir };
}
