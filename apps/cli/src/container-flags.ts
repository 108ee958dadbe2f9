import { stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import type { ContainerRequest } from "@repo2singularity/build/pipeline";
import type { Config } from "@repo2singularity/contracts";
import type { HostIo } from "./host-io.ts";
import type { BuildFlags, PlanFlags } from "./options.ts";

/**
 * A repository that is named by its Dockerfile or definition file: the folder, and the file as `--definition`.
 * Everything else stays as it is.
 */
export async function splitRepositoryFile<Flags extends PlanFlags>(
  repo: string,
  flags: Flags,
  io: Pick<HostIo, "cwd">,
): Promise<{ readonly repo: string; readonly flags: Flags }> {
  if (flags.definition !== undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(repo)) return { repo, flags };
  const file = path.resolve(io.cwd, repo);
  const stats = await stat(file).catch(() => undefined); // a URL or short form, or told where it is looked for
  if (stats?.isFile() !== true || /\.(?:zip|tar|tgz|gz|xz|bz2|zst)$/i.test(file)) return { repo, flags };
  return { repo: path.dirname(file), flags: { ...flags, definition: path.basename(file) } };
}

/** What the command line and the configuration say of Dockerfiles and definition files. @throws E_USAGE */
export function containerRequest(flags: BuildFlags, config: Config, io: Pick<HostIo, "cwd" | "env">): ContainerRequest {
  return {
    definition: flags.definition,
    target: flags.target,
    buildArgs: parseBuildArgs(flags.buildArg, io.env),
    images: { ...config.mirrors?.images, ...parseContexts(flags.buildContext, io.cwd) },
    runsTest: flags.test !== false,
    addsJupyter: flags.jupyter === true,
  };
}

/** `NAME=value`, or `NAME` for the value of that variable. @throws E_USAGE */
export function parseBuildArgs(
  texts: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const [name, value] = splitPair(text);
    const found = value ?? env[name];
    if (!/^[A-Za-z_]\w*$/.test(name) || found === undefined) {
      throw new AppError(
        "E_USAGE",
        `--build-arg ${text}: NAME=VALUE is expected, or the name of a variable that is set`,
      );
    }
    return [name, found];
  });
  return Object.fromEntries(pairs);
}

/** `IMAGE=BASE`, where the base may have the forms of `docker buildx build`. */
function parseContexts(texts: readonly string[], cwd: string): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const [image, base] = splitPair(text);
    if (image === "" || base === undefined || base === "") {
      throw new AppError("E_USAGE", `--build-context ${text}: IMAGE=BASE is expected, such as debian:13=base.sif`);
    }
    return [image, absoluteBase(base, cwd)];
  });
  return Object.fromEntries(pairs);
}

function absoluteBase(base: string, cwd: string): string {
  const image = /^docker-image:\/\/(?<rest>.+)$/.exec(base)?.groups?.["rest"];
  if (image !== undefined) return `docker://${image}`;
  const layout = /^oci-layout:\/\/(?<rest>.+)$/.exec(base)?.groups?.["rest"];
  const archive = /^(?<scheme>docker-archive|oci|oci-archive):(?<rest>.+)$/.exec(
    layout === undefined ? base : `oci:${layout}`,
  )?.groups;
  if (archive !== undefined) return `${archive["scheme"] ?? ""}:${path.resolve(cwd, archive["rest"] ?? "")}`;
  if (/^(?:docker:|debootstrap:|auto$|scratch$)/.test(base)) return base;
  return path.resolve(cwd, base);
}

/** The parts of `NAME=VALUE`; no value where no equals sign stands. */
export function splitPair(text: string): [string, string | undefined] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}
