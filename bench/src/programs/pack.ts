import { fileSource, packSquashfs, readTar, type Compression } from "@repo2singularity/image";

/** `node pack.ts TAR IMAGE COMPRESSION LEVEL BLOCK-SIZE`: the writer alone, as a process that can be measured. */
const [tarPath = "", imagePath = "", compression = "zstd", level = "3", blockSize = "131072"] = process.argv.slice(2);
const tar = await fileSource(tarPath);
await packSquashfs(readTar(tar.read(0, tar.sizeBytes)), imagePath, {
  compression: compression as Compression, // the bench gives no other
  level: Number(level),
  blockSizeBytes: Number(blockSize),
});
