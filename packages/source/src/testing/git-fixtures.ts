import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { processRunner } from "@repo2singularity/base";
import type { SourceContext } from "../provider/port.ts";

const run = promisify(execFile);

/** An environment with no git settings of whoever runs the tests. */
export const testEnv: Readonly<Record<string, string | undefined>> = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** The time of every commit of the fixtures, in seconds since 1970. */
export const commitTimeSeconds = 1_600_000_000;

/** Runs git with a fixed author and time. @returns what it printed, trimmed */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const date = `${commitTimeSeconds} +0000`;
  const who = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@example.org", GIT_AUTHOR_DATE: date };
  const committer = { GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@example.org", GIT_COMMITTER_DATE: date };
  const { stdout } = await run("git", ["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", ...args], {
    cwd,
    env: { ...testEnv, ...who, ...committer },
  });
  return stdout.trim();
}

/** Writes files, making the folders they are in. */
export async function writeFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** Commits files on the branch that is checked out. @returns the commit */
export async function commit(root: string, files: Readonly<Record<string, string>>): Promise<string> {
  await writeFiles(root, files);
  await git(root, "add", "--all");
  await git(root, "commit", "--quiet", "--allow-empty", "--message", "a commit");
  return git(root, "rev-parse", "HEAD");
}

/** A new repository with a first commit of some files. @returns its folder */
export async function makeRepository(root: string, files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(root, { recursive: true });
  await git(root, "init", "--quiet");
  await commit(root, files);
  return root;
}

/** A fresh folder that the caller removes. */
export async function makeTestFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "r2s-source-"));
}

/** A context with the real git, and the notices it gave. */
export function testContext(scratchFolder: string): SourceContext & { readonly notices: string[] } {
  const notices: string[] = [];
  return {
    runProcess: processRunner,
    env: testEnv,
    scratchFolder,
    onNotice: (notice) => notices.push(notice),
    notices,
  };
}
