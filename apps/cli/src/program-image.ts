import { type Command, InvalidArgumentError, Option } from "commander";
import type { HostIo } from "./host-io.ts";
import { type PackFlags, parseBlockSize } from "./options.ts";

/** Adds the verbs of `image`: the formats as tools of their own. */
export function addImageCommands(image: Command, io: HostIo, setStatus: (status: number) => void): void {
  const verb = (name: string): Command => image.command(name).copyInheritedSettings(image);

  addPackOptions(verb("convert"))
    .description("make a SIF of docker-archive:x.tar, oci:FOLDER or docker://REF")
    .argument("<source>")
    .argument("<out.sif>")
    .action(async (source: string, out: string, flags: PackFlags) => {
      const { convert } = await import("./commands/image-convert.ts");
      await convert(source, out, flags, io);
    });
  addPackOptions(verb("pack"))
    .description("make a squashfs image of a folder or a tar archive (plain, gzip or zstd)")
    .argument("<folder|x.tar>")
    .argument("<out.sqfs>")
    .action(async (source: string, out: string, flags: PackFlags) => {
      const { pack } = await import("./commands/image-pack.ts");
      await pack(source, out, flags, io);
    });
  verb("unpack")
    .description("unpack an image into a folder that does not exist yet")
    .argument("<image>", "a .sif or .sqfs file")
    .argument("<folder>")
    .action(async (source: string, folder: string) => {
      const { unpack } = await import("./commands/image-unpack.ts");
      await unpack(source, folder, io);
    });
  verb("list")
    .description("list the files of an image")
    .argument("<image>", "a .sif or .sqfs file")
    .option("--json", "one JSON object a line")
    .action(async (source: string, flags: { json?: boolean }) => {
      const { list } = await import("./commands/image-list.ts");
      await list(source, flags, io);
    });
  verb("compose")
    .description("put layers, bottom first, together into one image without compressing them again")
    .argument("<out.sif>", "a .sif or .sqfs file")
    .argument("<layers...>", "squashfs files with overlay or OCI whiteouts")
    .option("--force", "replace the output")
    .action(async (out: string, layers: string[], flags: { force?: boolean }) => {
      const { compose } = await import("./commands/image-compose.ts");
      await compose(out, layers, flags, io);
    });
  verb("verify")
    .description("read every byte of an image and check its structure")
    .argument("<image>", "a .sif or .sqfs file")
    .option("--json", "the report as JSON")
    .action(async (source: string, flags: { json?: boolean }) => {
      const { verify } = await import("./commands/image-verify.ts");
      setStatus(await verify(source, flags, io));
    });
}

function addPackOptions(command: Command): Command {
  return command
    .addOption(new Option("--compression <name>", "compressor").choices(["zstd", "gzip"]).default("zstd"))
    .option("--level <number>", "compression level: zstd 1 to 22, gzip 1 to 9", parseLevel)
    .option("--block-size <size>", "4K to 1M", parseBlockSize, 131_072)
    .option("--force", "replace the output");
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (Number.isInteger(level) && level >= 1 && level <= 22) return level;
  throw new InvalidArgumentError("It must be a whole number from 1 to 22.");
}
