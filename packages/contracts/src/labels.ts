/**
 * Names of the labels with which an image says what its sessions want; whoever runs it reads them.
 * An export of its own: who needs the names needs none of the schemas.
 */
export const wishLabelNames = {
  /** `cuda` or `rocm`. */
  gpu: "org.repo2singularity.gpu",
  /** The day whose packages it is made of, `YYYY-MM-DD`. */
  date: "org.repo2singularity.date",
  cpus: "org.repo2singularity.resources.cpus",
  memoryBytes: "org.repo2singularity.resources.memory-bytes",
  timeSeconds: "org.repo2singularity.resources.time-seconds",
  gpus: "org.repo2singularity.resources.gpus",
} as const;
