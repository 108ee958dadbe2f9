import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { giveTo } from "./clones.ts";
import type { User } from "./users.ts";

/** A folder of the user's own that is no git repository; contents of files by path, those that start with `#!` executable. */
export function smallRepository(user: User, name: string, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(user.home, `${name}-`));
  for (const [file, content] of Object.entries(files)) {
    const place = path.join(folder, file);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  giveTo(user, folder);
  return folder;
}
