import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import type { HostIo } from "../host-io.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

/** Adds the hidden command through which shells ask for completions. */
export function addCompletionCommand(program: Command): void {
  tab(program);
}

/** Prints the completion script of a shell, or makes the user's shell load it from now on. */
export async function complete(
  program: Command,
  flags: { readonly installCompletion?: boolean; readonly showCompletion?: string | boolean },
  io: HostIo,
): Promise<void> {
  const shell = findShell(typeof flags.showCompletion === "string" ? flags.showCompletion : io.env["SHELL"]);
  if (flags.installCompletion === true) {
    const file = await installCompletion(shell, io.env["HOME"] ?? "/");
    io.stdout.write(`${file}: completion for ${shell} is set up; open a new shell\n`);
    return;
  }
  addCompletionCommand(program);
  await program.parseAsync(["complete", shell], { from: "user" });
}

function findShell(name: string | undefined): Shell {
  const found = shells.find((shell) => shell === path.basename(name ?? ""));
  if (found !== undefined) return found;
  throw new AppError("E_USAGE", `there is no completion for the shell "${name ?? ""}"`, {
    hint: `name one: --show-completion ${shells.join("|")}`,
  });
}

/** Writes the file that the shell reads by itself, or a line of zsh's start file. @returns its path */
async function installCompletion(shell: Shell, home: string): Promise<string> {
  if (shell === "zsh") {
    const file = path.join(home, ".zshrc");
    const line = "source <(repo2singularity complete zsh)";
    const present = await readFile(file, "utf8").catch(() => "");
    if (!present.includes(line)) await appendFile(file, `\n${line}\n`);
    return file;
  }
  const [file, text] =
    shell === "bash"
      ? [".local/share/bash-completion/completions/repo2singularity", "source <(repo2singularity complete bash)\n"]
      : [".config/fish/completions/repo2singularity.fish", "repo2singularity complete fish | source\n"];
  const target = path.join(home, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
  return target;
}
