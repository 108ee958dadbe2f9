import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { repo2singularity } from "./program.ts";
import type { User } from "./users.ts";

/** The folder of a user's cache. */
export function cacheOf(user: User): string {
  return path.join(user.cacheHome, "repo2singularity");
}

/** Fails when a program that ended by itself left unfinished work in the cache or beside its outputs. */
export function expectNoLeftovers(user: User, outputFolder = user.home): void {
  const unfinished = ["tmp", "leases"].flatMap((name) => list(path.join(cacheOf(user), name)));
  expect(unfinished).toEqual([]);
  expect(list(path.join(cacheOf(user), "locks")).filter((name) => name.endsWith(".lock"))).toEqual([]);
  expect(list(outputFolder).filter((name) => name.includes("partial"))).toEqual([]);
}

/** Fails when a file of the cache is not what its name promises. */
export async function expectSoundCache(user: User): Promise<void> {
  const verified = await repo2singularity(user, ["cache", "verify"]);
  expect(verified).toMatchObject({ status: 0 });
  expect(verified.stdout).toContain(" 0 damaged");
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
