import { existsSync } from "node:fs";
import path from "node:path";
import { AppError, formatSize, isAppError } from "@repo2singularity/base";
import { detectImageFormat, openImage } from "@repo2singularity/image";
import { downloadImage, remoteBuild } from "@repo2singularity/registry";
import type { HostIo } from "../host-io.ts";
import type { BuildFlags } from "../options.ts";
import { transferProgress } from "../output/transfer-progress.ts";
import { openRemoteAccess } from "../remote-access.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";

/** An image that was not built here. */
export interface FetchedImage {
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * `--pull` and `--remote`: the image of a repository from a library, or from a remote builder.
 * @throws E_USAGE when an option that it needs is missing
 */
export async function fetchInsteadOfBuild(repo: string, flags: BuildFlags, io: HostIo): Promise<FetchedImage> {
  if (flags.sandbox !== undefined) {
    throw new AppError("E_USAGE", "--sandbox does not go together with --pull and --remote: they give a .sif");
  }
  const name = flags.imageName ?? nameOf(repo, io);
  const output = path.resolve(io.cwd, `${name}.sif`);
  if (flags.pull === true) await pullFromLibrary(libraryReference(flags, name), output, flags, io);
  else await buildRemotely(repo, { name, output }, flags, io);
  return { path: output, labels: await readLabels(output) };
}

/** `--push`: brings a built image to the library, under `USER/COLLECTION/NAME:latest`. */
export async function pushBuilt(image: string, repo: string, flags: BuildFlags, io: HostIo): Promise<void> {
  await push(image, libraryReference(flags, flags.imageName ?? nameOf(repo, io)), {}, io);
}

/** Refuses what cannot work before an hour is spent on a build. */
export function checkPushWish(repo: string, flags: BuildFlags, io: HostIo): void {
  if (flags.push !== true) return;
  libraryReference(flags, flags.imageName ?? nameOf(repo, io));
  if (flags.sandbox !== undefined) {
    throw new AppError("E_USAGE", "--sandbox and --push do not go together: a library takes a .sif");
  }
}

function libraryReference(flags: BuildFlags, name: string): string {
  if (flags.usernamePrefix !== undefined) {
    return `library://${flags.usernamePrefix.toLowerCase()}/${name.toLowerCase()}:latest`;
  }
  throw new AppError("E_USAGE", "where in the library the image belongs is not given", {
    hint: "add --username-prefix USER/COLLECTION",
  });
}

async function pullFromLibrary(reference: string, output: string, flags: BuildFlags, io: HostIo): Promise<void> {
  try {
    await pull(reference, { output, force: flags.force === true }, io);
  } catch (error) {
    if (!isAppError(error, "E_REGISTRY_NOT_FOUND")) throw error;
    throw new AppError("E_REGISTRY_NOT_FOUND", error.message, { hint: "leave out --pull to build it", cause: error });
  }
}

async function buildRemotely(
  repo: string,
  image: { readonly name: string; readonly output: string },
  flags: BuildFlags,
  io: HostIo,
): Promise<void> {
  const { name, output } = image;
  const { endpointUrl: endpoint, ref } = flags;
  if (endpoint === undefined) {
    throw new AppError("E_USAGE", "the remote builder is not given", { hint: "add --endpoint-url https://HOST/api/" });
  }
  if (existsSync(path.resolve(io.cwd, repo))) {
    throw new AppError("E_USAGE", `${repo}: a remote builder cannot read a folder of this machine`, {
      hint: "push the repository and name its URL, or leave out --remote",
    });
  }
  if (existsSync(output) && flags.force !== true) {
    throw new AppError("E_OUTPUT_EXISTS", `${output} is there already`, {
      hint: "choose another name with --image-name, or add --force",
    });
  }
  await using access = await openRemoteAccess({}, io);
  const progress = transferProgress(io.stderr, `fetching ${name}.sif`, Date.now);
  const wanted = remoteBuild(endpoint, { url: repo, ref, imageName: name }, access);
  try {
    // reading its header is enough to tell an image from a page
    const check = async (file: string): Promise<void> => void (await detectImageFormat(file));
    const got = await downloadImage(wanted, output, { onProgress: progress.report, check, signal: io.signal });
    io.stdout.write(`${path.relative(io.cwd, output)}: ${formatSize(got.sizeBytes)}, ${got.digest}\n`);
  } finally {
    progress.end();
  }
}

/** The last part of a repository's URL or folder, as far as images can have that name. */
function nameOf(repo: string, io: HostIo): string {
  const folder = path.resolve(io.cwd, repo);
  const last =
    (existsSync(folder) ? folder : repo)
      .replace(/[/\\]+$/, "")
      .split(/[/:]/)
      .at(-1) ?? "";
  const name = last
    .replace(/\.git$/, "")
    .replaceAll(/[^a-zA-Z0-9_.-]/g, "-")
    .replace(/^[^a-zA-Z0-9]+/, "");
  if (name.length > 1) return name;
  throw new AppError("E_USAGE", `${repo}: no name for the image follows from it`, { hint: "add --image-name NAME" });
}

async function readLabels(file: string): Promise<Readonly<Record<string, string>>> {
  const image = await openImage(file);
  try {
    const bytes = await image.readFile(".singularity.d/labels.json");
    const value: unknown = bytes === undefined ? {} : JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter((one): one is [string, string] => typeof one[1] === "string"),
    );
  } catch {
    return {}; // labels of somebody else's making: an image without wishes
  } finally {
    await image.close();
  }
}
