import { isAppError, parseSize } from "@repo2singularity/base";
import { type Command, InvalidArgumentError, Option } from "commander";

/** What decides a plan. */
export interface PlanFlags {
  readonly ref?: string;
  readonly subdir?: string;
  readonly base?: string;
  readonly python?: string;
  readonly compat?: "repo2docker";
  readonly date?: string;
  readonly gpu?: "auto" | "cuda" | "rocm" | "none";
  readonly tokenFile?: string;
  readonly cacheDir?: string;
  readonly debug?: boolean;
  readonly jsonLogs?: boolean;
  /** A Dockerfile or definition file of the repository. */
  readonly definition?: string;
  readonly target?: string;
  readonly buildArg: readonly string[];
}

/** What decides a build, and the options of the tool of 2020. */
export interface BuildFlags extends PlanFlags {
  readonly imageName?: string;
  readonly sandbox?: string;
  readonly force?: boolean;
  readonly compression?: "zstd" | "gzip";
  readonly blockSize?: number;
  readonly executor?: "userns" | "root" | "apptainer";
  readonly network?: "filtered" | "host";
  readonly builder?: "docker" | "repo2docker";
  readonly stepTimeout?: number;
  readonly refresh?: boolean;
  /** A lock, or an image that holds one. */
  readonly locked?: string;
  readonly buildContext: readonly string[];
  readonly secret: readonly string[];
  /** Jupyter upon the image of a Dockerfile or definition file. */
  readonly jupyter?: boolean;
  /** `false` with `--no-test`. */
  readonly test?: boolean;
  readonly run?: boolean;
  readonly bind: readonly string[];
  readonly port?: number;
  readonly workspace?: string;
  readonly usernamePrefix?: string;
  readonly endpointUrl?: string;
  readonly remote?: boolean;
  readonly push?: boolean;
  readonly pull?: boolean;
  readonly installCompletion?: boolean;
  readonly showCompletion?: string | boolean;
}

/** Options of `image pack` and of whatever else writes squashfs data. */
export interface PackFlags {
  readonly compression: "zstd" | "gzip";
  readonly level?: number;
  readonly blockSize: number;
  readonly force?: boolean;
}

/** Options of everything that plans. */
export function addPlanOptions(command: Command): Command {
  return command
    .option("--ref <ref>", "branch, tag or commit, or the version of a record; the newest when left out")
    .option("--subdir <folder>", "build this folder of the repository")
    .option(
      "--base <base>",
      "auto, an OCI reference (docker://…), a .sif, a folder, a docker archive or debootstrap:SUITE",
    )
    .option("--python <version>", "Python version, such as 3.13, whatever the repository says")
    .addOption(
      new Option("--compat <rule>", "repo2docker: only the first kind of environment that it would find").choices([
        "repo2docker",
      ]),
    )
    .option("--date <day>", "packages as they were on this day, such as 2023-05-01, or on that of the commit: commit")
    .addOption(
      new Option(
        "--gpu <kind>",
        "graphics cards of the image's programs; auto: what base and packages are made for",
      ).choices(["auto", "cuda", "rocm", "none"]),
    )
    .option(
      "--definition <file>",
      "build from this Dockerfile or definition file of the repository, whatever else is in it",
    )
    .option("--target <stage>", "build this stage of a Dockerfile or definition file")
    .option("--build-arg <name=value>", "value of an ARG or of %arguments, repeatable", collect, [])
    .option("--token-file <file>", "file with a token for the git server; also the variable R2S_GIT_TOKEN")
    .option("--cache-dir <folder>", "where layers are kept")
    .option("--debug", "show the output of every step and details of errors")
    .option("--no-debug", "the opposite of --debug")
    .option("--json-logs", "log as JSON lines")
    .option("--no-json-logs", "the opposite of --json-logs");
}

/** Options of building and running. */
export function addBuildOptions(command: Command): Command {
  return command
    .option(
      "--image-name <name>",
      "name of the image without suffix; the repository's name when left out",
      parseImageName,
    )
    .option("--sandbox <folder>", "make a folder instead of a SIF")
    .option("--force", "replace an image of another content, build again")
    .option("--no-force", "the opposite of --force")
    .addOption(
      new Option("--compression <name>", "compressor of the image; gzip is for old systems").choices(["zstd", "gzip"]),
    )
    .option("--block-size <size>", "squashfs block size, 4K to 1M", parseBlockSize)
    .addOption(new Option("--executor <name>", "how build steps run").choices(["userns", "root", "apptainer"]))
    .addOption(
      new Option(
        "--network <kind>",
        "what build steps reach: filtered keeps services of this machine from them, host keeps nothing",
      ).choices(["filtered", "host"]),
    )
    .addOption(
      new Option("--builder <name>", "have a docker daemon build instead, from our recipe or by repo2docker").choices([
        "docker",
        "repo2docker",
      ]),
    )
    .option("--step-timeout <seconds>", "time limit of one build step", parsePositive)
    .option(
      "--build-context <image=base>",
      "take this base where a Dockerfile or definition file names the image, repeatable",
      collect,
      [],
    )
    .option("--secret <id=ID,src=FILE|env=NAME>", "a secret for the steps that mount it, repeatable", collect, [])
    .option("--no-test", "leave out the %test of a definition file")
    .option("--jupyter", "add the Jupyter server to the image of a Dockerfile or definition file; others have it")
    .option("--locked <file|image>", "install the exact versions of this lock, or of the lock in this image")
    .option("--refresh", "make the base anew instead of taking the one in the cache")
    .option("--run", "run after building")
    .option("--no-run", "the opposite of --run")
    .option("--bind <src[:dest[:ro|rw]]>", "with --run: bind a path of the host, repeatable", collect, [])
    .option("--port <port>", "with --run: port of the server; a free one when left out", parsePort)
    .option("--workspace <folder>", "with --run: keep the writable copy of the repository here");
}

/** The rest of the options of the repo2singularity of 2020. */
export function addSeedOptions(command: Command): Command {
  return command
    .option("--username-prefix <user/collection>", "where in the library the image belongs", parsePrefix)
    .option("--endpoint-url <url>", "URL of the remote builder", parseUrl)
    .option("--remote", "build on the remote builder")
    .option("--no-remote", "the opposite of --remote")
    .option("--push", "push the image to the library")
    .option("--no-push", "the opposite of --push")
    .option("--pull", "pull the image from the library instead of building it")
    .option("--install-completion", "install completion for the current shell")
    .option("--show-completion [shell]", "print the completion script of a shell");
}

function parseImageName(text: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(text)) return text;
  throw new InvalidArgumentError(
    "A name has two or more letters, digits, dots, dashes and underscores, a letter or digit first.",
  );
}

/** A squashfs block size for commander: a power of two from 4 KiB to 1 MiB, in bytes. */
export function parseBlockSize(text: string): number {
  const size = tryParseSize(text);
  if (size !== undefined && size >= 4096 && size <= 1_048_576 && Number.isInteger(Math.log2(size))) return size;
  throw new InvalidArgumentError("It must be a power of two from 4K to 1M.");
}

function tryParseSize(text: string): number | undefined {
  try {
    return parseSize(text);
  } catch (error) {
    if (isAppError(error, "E_USAGE")) return undefined;
    throw error;
  }
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

function parsePort(text: string): number {
  const port = parsePositive(text);
  if (port < 65_536) return port;
  throw new InvalidArgumentError("A port is at most 65535.");
}

function parsePrefix(text: string): string {
  if (/^[a-zA-Z0-9][\w.-]*\/[a-zA-Z0-9][\w.-]*$/.test(text)) return text;
  throw new InvalidArgumentError("It must look like user/collection.");
}

function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new InvalidArgumentError("It must be an http or https URL.");
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}
