import * as z from "zod";

/**
 * The project's own file: `repo2singularity.yaml`, or the table `[tool.repo2singularity]` of `pyproject.toml`. The
 * published JSON Schema is made of this one; descriptions are what editors show.
 */

/** Variables that the image's own programs rely on. */
const keptVariables =
  "PATH HOME REPO_DIR APP_BASE NB_PYTHON_PREFIX KERNEL_PYTHON_PREFIX NPM_CONFIG_PREFIX NPM_DIR".split(" ");

const variableName = z
  .string()
  .regex(
    new RegExp(`^(?!(?:${keptVariables.join("|")})$)[A-Za-z_][A-Za-z0-9_]*$`),
    `a name of letters, digits and underscores that is none of ${keptVariables.join(", ")}`,
  );

/** A text, or a number or truth value that is meant as one: YAML has more kinds of values than the environment. */
const variableValue = z
  .union([z.string().regex(/^[^\0]*$/), z.number(), z.boolean()], "a text, a number or a truth value")
  .transform(String);

/** Wanted of the machine or job that runs the image. */
export const Resources = z.strictObject({
  cpus: z.number().int().min(1).max(4096).optional().describe("processor cores of a session"),
  memory: z
    .string()
    .regex(/^\d+(\.\d+)?\s*[KMGT](i?B)?$/i, "a size such as 8G")
    .optional()
    .describe("main memory of a session, such as 8G; units are powers of 1,024"),
  time: z
    .string()
    .regex(/^(\d+-)?\d{1,3}:[0-5]\d(:[0-5]\d)?$/, "a time such as 04:00:00 (hours, minutes, seconds) or 2-00:00:00")
    .optional()
    .describe("how long a session may last: hours, minutes and seconds as 04:00:00, with days as 2-00:00:00"),
  gpus: z.number().int().min(0).max(1024).optional().describe("graphics cards of a session"),
});
export type Resources = z.infer<typeof Resources>;

/** What a repository can say in its own file; everything is optional. */
export const OwnFile = z
  .strictObject({
    base: z
      .string()
      .regex(
        /^(?:auto|docker:\/\/[^\s/]\S*|debootstrap:[a-z][a-z0-9]*(?:@\d{4}-\d{2}-\d{2})?)$/,
        "auto, docker://IMAGE:TAG or debootstrap:SUITE; a path of the machine that builds is only taken from --base",
      )
      .optional()
      .describe("what the image stands on: auto, docker://IMAGE:TAG or debootstrap:SUITE"),
    packages: z
      .array(
        z
          .string()
          .regex(
            /^[a-z0-9](?:[a-z0-9+.-]*[a-z0-9+.])(?::[a-z0-9-]+)?(?:=[A-Za-z0-9.+:~-]+|\/[a-z0-9-]+)?$/,
            "NAME, NAME=VERSION, NAME:ARCHITECTURE or NAME/SUITE",
          ),
      )
      .optional()
      .describe("packages of the distribution, added to those of apt.txt"),
    env: z
      .record(variableName, variableValue)
      .optional()
      .describe(
        "variables of the image's programs and of the build steps of the repository's own packages and scripts",
      ),
    command: z
      .union(
        [
          z
            .string()
            .trim()
            .regex(/^[^\n\0]+$/),
          z.array(z.string().regex(/^[^\n\0]*$/)).min(1),
        ],
        "one line for the shell, or a list of words",
      )
      .optional()
      .describe("what runs when no command is given, in place of Jupyter Lab: words, or one line for the shell"),
    resources: Resources.optional().describe("what a session wants of the machine or job that runs it"),
    gpu: z.enum(["cuda", "rocm", "none"]).optional().describe("which graphics cards the image's programs can use"),
    date: z
      .union(
        [z.iso.date("a day such as 2023-05-01, or commit"), z.literal("commit")],
        "a day such as 2023-05-01, or commit",
      )
      .optional()
      .describe("packages as they were at the end of this day (UTC), or of the day of the commit"),
    languages: z
      .array(z.enum(["python", "r", "julia"]))
      .refine((names) => new Set(names).size === names.length, "each language once")
      .optional()
      .describe("order in which the languages of a mixed repository are installed; Python always comes first"),
  })
  .describe("What repo2singularity is told by a repository: repo2singularity.yaml, or [tool.repo2singularity]");
export type OwnFile = z.infer<typeof OwnFile>;
