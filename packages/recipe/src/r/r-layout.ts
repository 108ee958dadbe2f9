import { imageLayout } from "../scripts/image-layout.ts";

/** Where R's packages and settings lie in an image. */
export const rLayout = {
  library: "/srv/rlibs",
  siteProfile: `${imageLayout.programs}/site.Rprofile`,
  userProfile: `${imageLayout.programs}/user.Rprofile`,
  kernel: `${imageLayout.environment}/share/jupyter/kernels/ir/kernel.json`,
} as const;

/** Variables of R in an image and in the steps that build it. */
export const rVariables: Readonly<Record<string, string>> = {
  R_LIBS_USER: rLayout.library,
  R_PROFILE: rLayout.siteProfile,
  R_PROFILE_USER: rLayout.userProfile,
  R_ENVIRON_USER: `${imageLayout.home}/.Renviron`,
  // What a lock names is in the image's own library; the project's would be looked for in the repository.
  RENV_CONFIG_AUTOLOADER_ENABLED: "FALSE",
};

/** The command with which the build runs R: nothing of a user, and no question asked. */
export const rscript = "Rscript --no-save --no-restore --no-init-file";
