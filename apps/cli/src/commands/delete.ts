import { AppError } from "@repo2singularity/base";
import { deleteFromLibrary, deleteOras, parseRemoteReference, platformOf } from "@repo2singularity/registry";
import { confirm } from "../confirm.ts";
import type { HostIo } from "../host-io.ts";
import { openRemoteAccess, type RemoteFlags } from "../remote-access.ts";

/** Options of `delete`. */
export interface DeleteFlags extends RemoteFlags {
  /** Of a library, in Go's names; that of this machine when left out. */
  readonly arch?: string;
  /** Without asking. */
  readonly force?: boolean;
  readonly json?: boolean;
}

/**
 * `delete`: takes an image out of a library, or a tag or manifest out of an OCI registry.
 * @returns 1 when the user did not want it after all
 */
export async function deleteRemote(text: string, flags: DeleteFlags, io: HostIo): Promise<number> {
  const reference = parseRemoteReference(text, { cwd: io.cwd });
  if (reference.kind !== "library" && reference.kind !== "oras") {
    throw new AppError("E_REFERENCE_INVALID", `${reference.kind}: nothing is deleted there`, {
      hint: "delete from library:// or oras://",
    });
  }
  if (reference.kind === "oras" && flags.arch !== undefined) {
    throw new AppError("E_USAGE", "--arch is for libraries: at oras:// name the manifest by its digest");
  }
  const architecture = flags.arch ?? platformOf(process.arch).architecture;
  const what = reference.kind === "library" ? `${text} (${architecture})` : text;
  if (flags.force !== true && !(await confirm(io, `delete ${what}?`))) {
    io.stderr.write("nothing was deleted\n");
    return 1;
  }
  await using access = await openRemoteAccess(flags, io);
  if (reference.kind === "library") await deleteFromLibrary(reference, architecture, access);
  else await deleteOras({ ...reference, kind: "docker" }, access);
  const told = { deleted: text, ...(reference.kind === "library" && { architecture }) };
  io.stdout.write(flags.json === true ? `${JSON.stringify(told)}\n` : `deleted ${what}\n`);
  return 0;
}
