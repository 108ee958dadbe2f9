/** How `bin/repo2singularity` starts Node; measured programs start alike. */
export const nodeFlags: readonly string[] = ["--max-semi-space-size=4", "--initial-old-space-size=128"];
