import { makeRunFolder } from "@repo2singularity/testkit/run-folder";

/** Vitest calls this once before all unit tests: what they put into the temporary folder ends with the run. */
export function setup(): () => void {
  const folder = makeRunFolder("unit");
  process.env["TMPDIR"] = folder.path;
  return folder.remove;
}
