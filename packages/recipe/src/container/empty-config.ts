import type { ImageConfig } from "@repo2singularity/contracts";

/** The configuration of an image that says nothing of itself. */
export const emptyConfig: ImageConfig = {
  environment: {},
  entrypoint: [],
  cmd: [],
  workingDir: "/",
  user: "",
  shell: ["/bin/sh", "-c"],
  labels: {},
  onBuild: [],
  singularityFiles: {},
};
