import { ImageConfig } from "@repo2singularity/contracts";
import { environmentOf, type OciConfig } from "@repo2singularity/registry";

/** What an OCI image's config says of how its programs run, in the words of recipes. */
export function imageConfigOf(config: OciConfig): ImageConfig {
  const { Entrypoint, Cmd, WorkingDir, User, Labels, Shell, OnBuild } = config.config ?? {};
  const workingDir = WorkingDir ?? "";
  return ImageConfig.parse({
    environment: environmentOf(config),
    entrypoint: Entrypoint ?? [],
    cmd: Cmd ?? [],
    workingDir: workingDir.startsWith("/") ? workingDir : `/${workingDir}`,
    user: User ?? "",
    labels: Labels ?? {},
    onBuild: OnBuild ?? [],
    ...(Shell === undefined || Shell === null || Shell.length === 0 ? {} : { shell: Shell }),
  });
}
