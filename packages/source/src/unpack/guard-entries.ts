import { AppError } from "@repo2singularity/base";
import type { TreeEntry } from "@repo2singularity/image/tree";

/**
 * The entries of an archive from the network as a checkout may have them: files, folders and links.
 * Modes become those of a checkout (0755 or 0644), so that every folder can be written into and removed again.
 * @param what names the archive in messages
 * @throws E_ARCHIVE_INVALID for devices, pipes and sockets
 */
export async function* guardEntries(
  entries: AsyncIterable<TreeEntry>,
  what: string,
): AsyncGenerator<TreeEntry, void, undefined> {
  for await (const entry of entries) {
    if (entry.path === "") continue;
    switch (entry.type) {
      case "directory":
        yield { ...entry, mode: 0o755 };
        break;
      case "file":
        yield { ...entry, mode: (entry.mode & 0o111) === 0 ? 0o644 : 0o755 };
        break;
      case "symlink":
      case "hardlink":
        yield entry;
        break;
      default:
        throw new AppError("E_ARCHIVE_INVALID", `${what}: ${entry.path} is a ${entry.type}, which no repository holds`);
    }
  }
}
