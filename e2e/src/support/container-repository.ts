import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeBusyboxTree } from "@repo2singularity/testkit";
import { giveTo } from "./clones.ts";
import type { User } from "./users.ts";

/** A folder of a user's own with these files, and beside it `base/`, a small root tree of busybox. */
export async function containerRepository(
  user: User,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly repository: string; readonly base: string }> {
  const folder = mkdtempSync(path.join(user.home, "container-"));
  const repository = path.join(folder, "repo");
  const base = await makeBusyboxTree(path.join(folder, "base"));
  mkdirSync(path.join(base, "etc"));
  writeFileSync(
    path.join(base, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nsomebody:x:1000:1000::/home/somebody:/bin/sh\n",
  );
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(repository, name)), { recursive: true });
    writeFileSync(path.join(repository, name), text);
  }
  giveTo(user, folder);
  return { repository, base };
}

/** Makes the base a part of the repository, for definition files, which name files of theirs. */
export function addBase(
  user: User,
  { repository, base }: { readonly repository: string; readonly base: string },
): void {
  cpSync(base, path.join(repository, "base"), { recursive: true, verbatimSymlinks: true });
  giveTo(user, path.join(repository, "base"));
}
