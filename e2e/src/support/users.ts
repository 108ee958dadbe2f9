import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { repo2singularity } from "./program.ts";
import { runFolder } from "./run-folder.ts";
import { smallRepository } from "./small-repository.ts";

/** Somebody who uses the program: root, or the ordinary user that the machine's set-up made. */
export interface User {
  readonly name: string;
  readonly uid: number;
  /** Where this user finds the program. */
  readonly clone: string;
  /** A folder of this user's own in which a file of tests is alone. */
  readonly home: string;
  /** `XDG_CACHE_HOME`, which all files of tests share if they do not ask for another: what one built, others find. */
  readonly cacheHome: string;
}

const clone = path.resolve(import.meta.dirname, "../../..");

/**
 * Makes what all files of tests share: a clone that all users can read, and for each a cache with the base that `auto`
 * is on this machine, and the layers that nearly every image has. Tests of the bases make theirs anew.
 * @throws Error with the output of a build that failed
 */
export async function prepareUsers(): Promise<void> {
  const names = findUsers();
  const seed = path.join(runFolder(), "seed");
  const makeBase = path.join(import.meta.dirname, "../make-base.ts");
  execFileSync(process.execPath, [makeBase, "auto", seed], { stdio: ["ignore", "ignore", "inherit"] });
  for (const { name, uid } of names) {
    const cache = path.join(runFolder(), name, ".cache/repo2singularity");
    mkdirSync(cache, { recursive: true });
    for (const part of ["files", "records"]) cpSync(path.join(seed, part), path.join(cache, part), { recursive: true });
    if (uid !== process.getuid?.()) execFileSync("chown", ["-R", String(uid), path.join(runFolder(), name)]);
  }
  execFileSync("rm", ["-rf", seed]);
  if (names.length > 1 && !canReadClone()) {
    cpSync(clone, cloneCopy(), { recursive: true, verbatimSymlinks: true });
    execFileSync("chmod", ["-R", "a+rX", cloneCopy()]);
  }
  await Promise.all(allUsers().map(buildNothing));
}

/** Builds the image of an empty folder. */
async function buildNothing(user: User): Promise<void> {
  const built = await repo2singularity(user, ["--image-name", "nothing", smallRepository(user, "nothing", {})]);
  if (built.status !== 0) throw new Error(`${user.name} cannot build the image of an empty folder: ${built.stderr}`);
}

/** Names and numbers of {@link allUsers}. */
function findUsers(): readonly Pick<User, "name" | "uid">[] {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return [{ name: "me", uid }];
  const root = { name: "root", uid };
  const found = spawnSync("id", ["-u", "tester"], { encoding: "utf8" });
  return found.status === 0 ? [root, { name: "tester", uid: Number(found.stdout) }] : [root];
}

let users: readonly User[] | undefined;

/**
 * The users that tests can be: as root, root and `tester`; as anybody else, only oneself. The same ones whenever a file
 * of tests asks.
 */
export function allUsers(): readonly User[] {
  users ??= findUsers().map(({ name, uid }) => {
    const folder = path.join(runFolder(), name);
    const home = mkdtempSync(path.join(folder, "home-"));
    if (uid !== process.getuid?.()) execFileSync("chown", [String(uid), home]);
    const place = uid === process.getuid?.() || canReadClone() ? clone : cloneCopy();
    return { name, uid, clone: place, home, cacheHome: path.join(folder, ".cache") };
  });
  return users;
}

/**
 * The user with a cache of its own.
 * @param start what it has of the shared one: the base, or also the layers that other tests have built by now
 */
export function withOwnCache(user: User, start: "the base alone" | "all layers" = "all layers"): User {
  const own = mkdtempSync(path.join(user.home, "cache-"));
  const words = 'mkdir "$2" && cd "$1" && cp -al files records $([ ! -e trees ] || echo trees) "$2"';
  const folders = [user.cacheHome, own].map((folder) => path.join(folder, "repo2singularity"));
  execFileSync("sh", ["-c", words, "sh", ...folders]);
  if (start === "the base alone")
    rmSync(path.join(own, "repo2singularity/records/layer"), { recursive: true, force: true });
  execFileSync("chown", ["-R", String(user.uid), own]);
  return { ...user, cacheHome: own };
}

/** The ordinary user of this run: `tester` under root, else oneself. */
export function ordinaryUser(): User | undefined {
  return allUsers().findLast((user) => user.uid !== 0);
}

/**
 * Who builds where one user is enough: the one with the fewest rights. That both users can build, to the same bytes, is
 * shown once for all families by the tests of the engine and the executors.
 */
export function leastUser(): User {
  const user = ordinaryUser() ?? allUsers()[0];
  if (user === undefined) throw new Error("nobody can run the tests");
  return user;
}

function cloneCopy(): string {
  return path.join(runFolder(), "clone");
}

/** Whether the ordinary user may read this clone: a folder above it may be closed. */
function canReadClone(): boolean {
  return spawnSync("setpriv", ["--reuid=tester", "--clear-groups", "test", "-x", path.join(clone, "bin")]).status === 0;
}
