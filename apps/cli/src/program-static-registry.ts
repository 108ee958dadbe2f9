import { type Command, Option } from "commander";
import type { AddFlags } from "./commands/registry-add.ts";
import type { BuildRegistryFlags } from "./commands/registry-build.ts";
import type { CheckFlags } from "./commands/registry-check.ts";
import type { InitFlags } from "./commands/registry-init.ts";
import type { PublishFlags } from "./commands/registry-publish.ts";
import type { HostIo } from "./host-io.ts";

/** Adds the verbs of `registry` that keep one that is nothing but files. */
export function addStaticRegistryCommands(registry: Command, io: HostIo, setStatus: (status: number) => void): void {
  const verb = (name: string): Command => registry.command(name).copyInheritedSettings(registry);
  const rooted = (name: string): Command =>
    verb(name).option("-C, --folder <folder>", "the registry's files; the working folder when left out");

  verb("init")
    .description("begin a registry that is only files, with a service that builds and publishes it")
    .argument("[folder]", "the working folder when left out")
    .option("--title <text>", "of the site")
    .option("--url <url>", "where the site will be")
    .option("--storage <place>", "where built images go, s3://bucket/folder; inside the site when left out")
    .option("--storage-url <url>", "the address at which everybody reads what lies there")
    .addOption(new Option("--ci <service>", "write its settings too").choices(["github", "gitlab", "circleci"]))
    .option("--metadata-only", "images are built elsewhere: the service only checks what is said of them")
    .option("--program-url <url>", "with --ci: git URL from which the service gets this program")
    .action(async (folder: string | undefined, flags: InitFlags) =>
      (await import("./commands/registry-init.ts")).initRegistry(folder ?? ".", flags, io),
    );
  rooted("add")
    .description("add a tag: a definition file, a repository, or an image that was built elsewhere")
    .argument("<name>", "namespace/name:tag")
    .option("--definition <file>", "a definition file, which is copied")
    .option("--repository <url>", "a repository to build")
    .option("--ref <ref>", "its branch, tag or commit")
    .option("--subdir <folder>", "of the repository")
    .option("--image <file>", "an image that everybody gets at --url")
    .option("--url <url>", "of the image")
    .action(async (name: string, flags: AddFlags) =>
      (await import("./commands/registry-add.ts")).addToRegistry(name, flags, io),
    );
  rooted("check")
    .description("check the files of a registry, or a change of them, and name what is wrong by file and line")
    .option("--against <ref>", "only what changed since this branch or commit")
    .option("--verify", "also fetch images that were built elsewhere and compare them")
    .option("--json", "as JSON")
    .action(async (flags: CheckFlags) =>
      setStatus(await (await import("./commands/registry-check.ts")).checkRegistry(flags, io)),
    );
  rooted("build")
    .description("build what was added or changed, or what is named, and write down what was built")
    .argument("[names...]", "namespace/name or namespace/name:tag")
    .option("--force", "also what is up to date")
    .option("--local", "leave images in .images, whatever storage is set")
    .option("--endpoint-url <url>", "of the object storage, when it is not Amazon's")
    .action(async (names: string[], flags: BuildRegistryFlags) =>
      setStatus(await (await import("./commands/registry-build.ts")).buildRegistry(names, flags, io)),
    );
  rooted("publish")
    .description("write the site into a folder or object storage; only what changed is written")
    .argument("<place>", "a folder or s3://bucket/folder")
    .option("--url <url>", "where the site will be; that of registry.yaml when left out")
    .option("--endpoint-url <url>", "of the object storage, when it is not Amazon's")
    .action(async (place: string, flags: PublishFlags) =>
      (await import("./commands/registry-publish.ts")).publishRegistry(place, flags, io),
    );
}
