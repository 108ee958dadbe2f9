import * as z from "zod";

/**
 * What a recipe may know of the base it stands on. Read from the base's own files when it is at hand,
 * else from what its name is known to mean.
 */
export const BaseFacts = z.strictObject({
  /** As the user or the recipe names it: `debootstrap:trixie`, `docker://debian:13`, `./x.sif`. */
  reference: z.string().min(1),
  /** `ID` of os-release, such as `debian`, `ubuntu`, `alpine`. */
  distribution: z.string(),
  /** `VERSION_CODENAME` of os-release, empty when it has none. */
  codename: z.string(),
  packageManager: z.enum(["apt", "none"]),
  /** Interpreters in the base, best first; `path` is absolute in the image. */
  pythons: z.array(z.strictObject({ version: z.string(), path: z.string() })).readonly(),
  /** Python versions (`3.13`) that the distribution has as packages; the first is its `python3`. */
  packagedPythons: z.array(z.string()).readonly(),
  hasPackages: z.array(z.string()).readonly().optional(),
});
export type BaseFacts = z.infer<typeof BaseFacts>;
