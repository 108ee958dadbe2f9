import { type Command, InvalidArgumentError } from "commander";
import type { DeleteFlags } from "./commands/delete.ts";
import type { LoginFlags } from "./commands/login.ts";
import type { NewPairFlags } from "./commands/key.ts";
import type { PullFlags } from "./commands/pull.ts";
import type { PushFlags } from "./commands/push.ts";
import type { SearchFlags } from "./commands/search.ts";
import type { SignFlags } from "./commands/sign.ts";
import type { VerifyFlags } from "./commands/verify.ts";
import type { HostIo } from "./host-io.ts";
import type { KeyServerFlags } from "./key-servers.ts";

/** Adds the commands that bring images and keys to others and fetch theirs. */
export function addRemoteCommands(program: Command, io: HostIo, setStatus: (status: number) => void): void {
  const command = (name: string): Command => program.command(name).copyInheritedSettings(program);

  addPlaceOptions(command("pull"))
    .description("fetch an image, checked by its digest; an interrupted fetch goes on where it stopped")
    .argument("<ref>", "library://, oras://, docker://, shub://, https://, s3:// or file://")
    .option("-o, --output <file>", "name of the file; NAME_TAG.sif when left out")
    .option("--arch <name>", "architecture in Go's names; that of this machine when left out")
    .option("--force", "replace the output")
    .option("--json", "the result as JSON")
    .option("--whole", "fetch the image itself, also where its layers could be fetched alone")
    .option("--cache-dir <folder>", "where layers are kept")
    .action(async (ref: string, flags: PullFlags) => (await import("./commands/pull.ts")).pull(ref, flags, io));
  addPlaceOptions(command("push"))
    .description("bring an image to a registry; what is there already is not sent")
    .argument("<image>", "a .sif file")
    .argument("<ref>", "library://, oras://, s3:// or file://")
    .option("--arch <name>", "of the tags of a library; at oras:// put it into an index of architectures")
    .option("--description <text>", "of the image in a library")
    .option("--mount-from <repository>", "at oras://: a repository there that may have it, so that nothing is sent")
    .option("--json", "the result as JSON")
    .option("--layers", "at oras://: push the layers too, so that later pulls fetch only what changed")
    .option("--cache-dir <folder>", "where layers are kept")
    .action(async (image: string, ref: string, flags: PushFlags) =>
      (await import("./commands/push.ts")).push(image, ref, flags, io),
    );
  addRemoteOptions(command("search"))
    .description("find images of a library: by their names, and by labels, packages and READMEs where it is ours")
    .argument("<words...>", "three letters or more")
    .option("--arch <name>", "architecture in Go's names; that of this machine when left out")
    .option("--signed", "only signed images")
    .option("--json", "the result as JSON")
    .action(async (words: string[], flags: SearchFlags) =>
      (await import("./commands/search.ts")).search(words, flags, io),
    );
  addRemoteOptions(command("delete"))
    .description("take an image out of a library, or a tag or manifest out of an OCI registry")
    .argument("<ref>", "library:// or oras://")
    .option("--arch <name>", "of a library's image, in Go's names; that of this machine when left out")
    .option("--force", "do not ask")
    .option("--json", "the result as JSON")
    .action(async (ref: string, flags: DeleteFlags) =>
      setStatus(await (await import("./commands/delete.ts")).deleteRemote(ref, flags, io)),
    );
  addRemoteOptions(command("login"))
    .description("log in to a server, for this program, apptainer, docker, podman and skopeo")
    .argument("<host>", "host, host:port or URL")
    .option("--username <name>", "where a token alone does not tell it")
    .option("--token-file <file>", "token or password in its first line; from standard input when left out")
    .action(async (host: string, flags: LoginFlags) => (await import("./commands/login.ts")).login(host, flags, io));
  command("logout")
    .description("forget the logins of a server")
    .argument("<host>")
    .action(async (host: string) => (await import("./commands/login.ts")).logout(host, io));
  command("sign")
    .description("sign an image, as apptainer sign does")
    .argument("<image>", "a .sif file")
    .option("--key <file>", "private key in PEM form: RSA, ECDSA or Ed25519")
    .option("--pgp <key>", "OpenPGP key: a file, or a fingerprint or name in the keyring; its only key when left out")
    .option("--passphrase-file <file>", "unlocks the key; from standard input when left out")
    .action(async (image: string, flags: SignFlags) => (await import("./commands/sign.ts")).sign(image, flags, io));
  addRemoteOptions(command("verify"))
    .description("check the signatures and the structure of an image")
    .argument("<image>", "a .sif file")
    .option("--key <file>", "public key or certificate in PEM form, repeatable", collect, [])
    .option("--certificate <file>", "the signer's certificate, checked up to a root: X.509 in PEM form")
    .option("--certificate-intermediates <file>", "authorities between it and a root, repeatable", collect, [])
    .option("--certificate-roots <file>", "trusted authorities, repeatable; this machine's when left out", collect, [])
    .option("--url <url>", "key server that is asked for keys that are not in the keyring")
    .option("--local", "ask no key server")
    .option("--json", "the report as JSON")
    .action(async (image: string, flags: VerifyFlags) =>
      setStatus(await (await import("./commands/verify.ts")).verify(image, flags, io)),
    );
  addKeyCommands(command("key").description("keys for signatures, in the keyring of apptainer"), io);
}

function addKeyCommands(key: Command, io: HostIo): void {
  const verb = (name: string): Command => key.command(name).copyInheritedSettings(key);
  const load = (): Promise<typeof import("./commands/key.ts")> => import("./commands/key.ts");
  verb("newpair")
    .description("make a key pair")
    .requiredOption("--name <name>", "of its owner")
    .option("--email <address>", "of its owner")
    .option("--comment <text>", "in its user id")
    .option("--bit-length <bits>", "an RSA key of 2048 to 8192 bits instead of Ed25519", parseBits)
    .option("--passphrase-file <file>", "locks the key; from standard input when left out")
    .option("--no-passphrase", "leave the key unlocked")
    .action(async (flags: NewPairFlags) => (await load()).newPair(flags, io));
  verb("list")
    .description("list the keys of the keyring")
    .option("--secret", "those that can sign")
    .option("--json", "as JSON")
    .action(async (flags: { secret?: boolean; json?: boolean }) => (await load()).listKeys(flags, io));
  verb("import")
    .description("put the keys of a file into the keyring")
    .argument("<file>", "armored or binary")
    .action(async (file: string) => (await load()).importKeys(file, io));
  verb("export")
    .description("write a key to a file")
    .argument("<key>", "the end of a fingerprint, or a part of the name")
    .argument("<file>")
    .option("--secret", "with its secret part")
    .option("--force", "replace the file")
    .action(async (wanted: string, file: string, flags: { secret?: boolean; force?: boolean }) =>
      (await load()).exportKey(wanted, file, flags, io),
    );
  addServerOptions(verb("search"))
    .description("search a key server")
    .argument("<text>", "a part of a name or address, or a fingerprint")
    .action(async (text: string, flags: KeyServerFlags) => (await load()).searchKeys(text, flags, io));
  addServerOptions(verb("pull"))
    .description("fetch a key from a key server")
    .argument("<fingerprint>")
    .action(async (fingerprint: string, flags: KeyServerFlags) => (await load()).pullKey(fingerprint, flags, io));
  addServerOptions(verb("push"))
    .description("give a public key to a key server")
    .argument("<key>", "the end of a fingerprint, or a part of the name")
    .action(async (wanted: string, flags: KeyServerFlags) => (await load()).pushKey(wanted, flags, io));
}

function addRemoteOptions(command: Command): Command {
  return command
    .option("--no-https", "ask the server by plain HTTP; hosts of this machine are always")
    .option("--library <url>", "server of library:// references without a host; that of the login when left out");
}

function addPlaceOptions(command: Command): Command {
  return addRemoteOptions(command).option(
    "--endpoint-url <url>",
    "server of s3:// references; that of the AWS CLI's settings when left out",
  );
}

function addServerOptions(command: Command): Command {
  return command.option("--url <url>", "of the key server; that of the login when left out");
}

function parseBits(text: string): number {
  const bits = Number(text);
  if (Number.isInteger(bits) && bits >= 2048 && bits <= 8192) return bits;
  throw new InvalidArgumentError("It must be a whole number from 2048 to 8192.");
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}
