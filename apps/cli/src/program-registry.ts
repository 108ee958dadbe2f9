import { type Command, InvalidArgumentError, Option } from "commander";
import type { CollectionFlags } from "./commands/registry-care.ts";
import type { ServeFlags } from "./commands/registry-serve.ts";
import type { NewTokenFlags } from "./commands/registry-tokens.ts";
import type { HostIo } from "./host-io.ts";
import type { RegistryPlaceFlags } from "./registry/open-registry-place.ts";

/** Adds the verbs of `registry` that serve one and look after it. */
export function addRegistryServerCommands(registry: Command, io: HostIo): void {
  const verb = (name: string, parent: Command = registry): Command =>
    addPlaceOptions(parent.command(name).copyInheritedSettings(parent));

  verb("serve")
    .description("serve images to apptainer, docker, oras, curl and ourselves: one process, every door")
    .option("--port <number>", "0 for any that is free", parseCount, 5000)
    .option("--host <address>", "to listen on", "127.0.0.1")
    .option("--public-url <url>", "address by which clients reach the server, when a proxy stands before it")
    .option("--trust-proxy", "believe X-Forwarded-* headers: only behind a proxy that sets them")
    .option("--redirect <seconds>", "send clients to the object storage for blobs", parseCount)
    .option("--sparse-manifests", "take manifests that name layers which nobody pushed")
    .addOption(
      new Option("--log-level <level>", "of the JSON log on standard error")
        .choices(["debug", "info", "warn", "silent"])
        .default("info"),
    )
    .action(async (flags: ServeFlags) => (await import("./commands/registry-serve.ts")).serveRegistry(flags, io));
  addTokenCommands(registry.command("token").copyInheritedSettings(registry).description("accounts' tokens"), io, verb);
  addCareCommands(io, verb);
}

type Verb = (name: string, parent?: Command) => Command;

function addTokenCommands(token: Command, io: HostIo, verb: Verb): void {
  const load = (): Promise<typeof import("./commands/registry-tokens.ts")> => import("./commands/registry-tokens.ts");
  verb("create", token)
    .description("make a token, which is printed once; its account is made if absent")
    .requiredOption("--account <name>", "whose it is; an account owns the collection of its name")
    .option("--label <text>", "what it is for", "")
    .option("--scope <scope>", "PATTERN:ACTIONS that it is limited to, repeatable: lab/**:pull,push", collect, [])
    .option("--expires <days>", "such as 90d; never when left out")
    .option("--robot", "for a program: needs scopes")
    .option("--admin", "make the account an admin")
    .action(async (flags: NewTokenFlags) => (await load()).createRegistryToken(flags, io));
  verb("list", token)
    .description("list tokens: whose, what they allow, when they end")
    .option("--account <name>", "of this account alone")
    .option("--json", "as JSON")
    .action(async (flags: RegistryPlaceFlags & { account?: string; json?: boolean }) =>
      (await load()).listRegistryTokens(flags, io),
    );
  verb("revoke", token)
    .description("end a token at once")
    .argument("<id>", "as token list shows it")
    .action(async (id: string, flags: RegistryPlaceFlags) => (await load()).revokeRegistryToken(id, flags, io));
}

function addCareCommands(io: HostIo, verb: Verb): void {
  const load = (): Promise<typeof import("./commands/registry-care.ts")> => import("./commands/registry-care.ts");
  verb("collection")
    .description("show collections; with a path, change what holds for the repositories at and below it")
    .argument("[path]", "such as lab or lab/tools; . for the whole registry")
    .option("--private", "only members pull")
    .option("--no-private", "everybody pulls")
    .option("--description <text>")
    .option("--quota <size>", "such as 100G, or none")
    .option("--keep-last <count>", "tags of a branch that stay", parseCount)
    .option("--expire-unused <days>", "remove what nobody pulls for so long", parseCount)
    .option("--member <account=role>", "reader, writer, owner or none, repeatable", collect, [])
    .action(async (path: string | undefined, flags: CollectionFlags) =>
      (await load()).changeCollection(path, flags, io),
    );
  verb("repository")
    .description("say what a repository is for: the catalogue shows it, and the search looks into it")
    .argument("<name>")
    .option("--description <text>", "one line")
    .option("--readme <file>", "in Markdown")
    .action(async (name: string, flags: RegistryPlaceFlags & { description?: string; readme?: string }) =>
      (await load()).changeRepository(name, flags, io),
    );
  verb("keep")
    .description("keep an image whatever the rules say, because it is cited")
    .argument("<name:tag>")
    .option("--undo", "let the rules have it again")
    .action(async (image: string, flags: RegistryPlaceFlags & { undo?: boolean }) =>
      (await load()).keepInRegistry(image, flags, io),
    );
  verb("retain")
    .description("remove the tags that the rules of their collections let go")
    .option("--dry-run", "only show them")
    .action(async (flags: RegistryPlaceFlags & { dryRun?: boolean }) => (await load()).retainInRegistry(flags, io));
  verb("gc")
    .description("remove blobs that no manifest names, and uploads that nobody goes on with; a server may run")
    .option("--dry-run", "only count")
    .option("--untagged", "manifests without a tag as well")
    .option("--grace <hours>", "younger things stay", parseCount, 24)
    .action(async (flags: RegistryPlaceFlags & { dryRun?: boolean; untagged?: boolean; grace: number }) =>
      (await load()).collectInRegistry(flags, io),
    );
}

function addPlaceOptions(command: Command): Command {
  return command
    .requiredOption("--root <place>", "folder or s3://BUCKET[/PREFIX] that holds the registry")
    .option("--state <folder>", "of the database; the root when that is a folder")
    .option("--endpoint-url <url>", "of another object storage than Amazon's");
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`"${text}" is no number`);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
