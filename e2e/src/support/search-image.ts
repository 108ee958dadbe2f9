import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { openSif, openSquashfs } from "@repo2singularity/image";

/** A text that was found where it must not be. */
export interface Finding {
  readonly text: string;
  readonly place: string;
}

/**
 * Searches everything of a SIF for texts: its descriptors, its objects beside the file system, and of the file system
 * all names, link targets, attributes and contents, also inside files that gzip packed.
 * Memory: the largest file.
 */
export async function searchImage(sifPath: string, texts: readonly string[]): Promise<readonly Finding[]> {
  const needles = texts.map((text) => ({ text, bytes: Buffer.from(text) }));
  const findings: Finding[] = [];
  const look = (place: string, content: Buffer): void => {
    for (const { text, bytes } of needles) if (content.includes(bytes)) findings.push({ text, place });
  };
  await using sif = await openSif(sifPath);
  look("SIF descriptors", Buffer.from(JSON.stringify([sif.header, sif.descriptors])));
  const { id: systemId, offset, sizeBytes } = sif.primaryPartition();
  for (const { id } of sif.descriptors.filter((one) => one.id !== systemId)) {
    look(`SIF object ${id}`, await buffer(sif.read(id)));
  }
  await using image = await openSquashfs(sifPath, { offsetBytes: offset, sizeBytes });
  for await (const { path, type, linkTarget, xattrs, content } of image.entries()) {
    look(`facts of ${path}`, Buffer.from([path, linkTarget ?? "", ...(xattrs ?? [])].join("\n")));
    if (type !== "file" || content === undefined) continue;
    const bytes = await buffer(content.stream());
    look(path, bytes);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) look(`${path}, unpacked`, gunzipOrNothing(bytes));
  }
  return findings;
}

/** What only starts like gzip holds nothing to unpack. */
function gunzipOrNothing(content: Buffer): Buffer {
  try {
    return gunzipSync(content);
  } catch {
    return Buffer.alloc(0);
  }
}
