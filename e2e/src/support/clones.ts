import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync } from "node:fs";
import path from "node:path";
import type { User } from "./users.ts";

/** A git repository of the user's own with the files of an example, and a commit of a fixed time. */
export function exampleRepository(user: User, example: string): string {
  const folder = mkdtempSync(path.join(user.home, `${example}-`));
  const repository = path.join(folder, example);
  mkdirSync(repository);
  cpSync(path.join(user.clone, "examples", example), repository, { recursive: true });
  initRepository(repository);
  giveTo(user, folder);
  return repository;
}

/** Makes a folder a git repository with one commit of a fixed time. */
export function initRepository(repository: string): void {
  git(repository, "init", "--quiet", "--initial-branch=main");
  commitAll(repository, "first", "2024-05-01T12:00:00Z");
}

/** Commits everything in a repository at a given time, the author's and committer's. */
export function commitAll(repository: string, message: string, time: string): void {
  git(repository, "add", "--all");
  execFileSync(
    "git",
    [
      "-c",
      "safe.directory=*",
      "-c",
      "user.name=Somebody",
      "-c",
      "user.email=somebody@example.org",
      "commit",
      "--quiet",
      "-m",
      message,
    ],
    { cwd: repository, env: { ...process.env, GIT_AUTHOR_DATE: time, GIT_COMMITTER_DATE: time } },
  );
}

/** Makes a folder and all in it the user's. */
export function giveTo(user: User, folder: string): void {
  if (user.uid !== process.getuid?.()) execFileSync("chown", ["-R", `${user.uid}:${user.uid}`, folder]);
}

function git(cwd: string, ...args: string[]): void {
  execFileSync("git", ["-c", "safe.directory=*", ...args], { cwd });
}
