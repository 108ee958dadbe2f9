import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Mirrors } from "@repo2singularity/contracts";
import { giveTo } from "./clones.ts";
import type { User } from "./users.ts";

/** Writes the user's own configuration with a table of mirrors. */
export function setMirrors(user: User, mirrors: Mirrors): void {
  const folder = path.join(user.home, ".config/repo2singularity");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "config.json"), JSON.stringify({ mirrors }));
  giveTo(user, path.join(user.home, ".config"));
}
