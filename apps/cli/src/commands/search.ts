import { AppError } from "@repo2singularity/base";
import { type FoundImage, platformOf, searchLibrary } from "@repo2singularity/registry";
import type { HostIo } from "../host-io.ts";
import { openRemoteAccess, type RemoteFlags } from "../remote-access.ts";

/** Options of `search`. */
export interface SearchFlags extends RemoteFlags {
  /** In Go's names; that of this machine when left out. */
  readonly arch?: string;
  /** Only signed images. */
  readonly signed?: boolean;
  readonly json?: boolean;
}

/** Libraries answer shorter texts with an error. */
const leastLength = 3;

/** `search`: images of a library, as it shows them to this user. */
export async function search(words: readonly string[], flags: SearchFlags, io: HostIo): Promise<void> {
  const text = words.join(" ").trim();
  if (text.length < leastLength) {
    throw new AppError("E_USAGE", `"${text}" is too short: libraries search for ${leastLength} letters or more`);
  }
  const architecture = flags.arch ?? platformOf(process.arch).architecture;
  await using access = await openRemoteAccess(flags, io);
  const found = await searchLibrary(undefined, { text, architecture, isSigned: flags.signed === true }, access);
  if (flags.json === true) {
    io.stdout.write(
      `${JSON.stringify(found.map(({ hash, ...one }) => ({ ...one, digest: hash.replace(".", ":") })))}\n`,
    );
    return;
  }
  const count = found.length === 1 ? "1 image" : `${found.length} images`;
  io.stderr.write(`${count} for ${architecture} with "${text}"\n`);
  for (const image of found) io.stdout.write(describe(image));
}

function describe({ path, tags, hash, description, fingerprints }: FoundImage): string {
  const reference = tags.length === 0 ? `${path}:${hash}` : `${path}:${tags.join(",")}`;
  return [
    `library://${reference}`,
    ...(description === "" ? [] : [`    ${description.replaceAll(/\s+/g, " ")}`]),
    ...(fingerprints.length === 0 ? [] : [`    signed by ${fingerprints.join(", ")}`]),
    "",
  ].join("\n");
}
