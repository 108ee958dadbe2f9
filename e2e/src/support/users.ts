import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";

/** Somebody who uses the program: root, or the ordinary user that the machine's set-up made. */
export interface User {
  readonly name: string;
  readonly uid: number;
  /** Where this user finds the program. */
  readonly clone: string;
  /** A folder of this user's own that ends with the run. */
  readonly home: string;
}

const clone = path.resolve(import.meta.dirname, "../../..");

/** The variable through which the run tells its workers where its folder is. */
export const runFolderVariable = "R2S_E2E_FOLDER";

function runFolder(): string {
  const folder = process.env[runFolderVariable];
  if (folder === undefined) throw new Error(`${runFolderVariable} is not set: run these tests with npm run e2e`);
  return folder;
}

/**
 * The users that tests can be: as root, root and `tester`; as anybody else, only oneself.
 * Every user has a home, and so a cache, that lasts for one run of the tests.
 */
export function allUsers(): readonly User[] {
  const uid = process.getuid?.() ?? 0;
  const own = makeUser(uid === 0 ? "root" : "me", uid, clone);
  if (uid !== 0) return [own];
  const found = spawnSync("id", ["-u", "tester"], { encoding: "utf8" });
  return found.status === 0 ? [own, makeUser("tester", Number(found.stdout), cloneFor("tester"))] : [own];
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

function makeUser(name: string, uid: number, place: string): User {
  const home = path.join(runFolder(), name);
  if (!existsSync(home)) {
    mkdirSync(home, { recursive: true });
    if (process.getuid?.() === 0) execFileSync("chown", [String(uid), home]);
  }
  return { name, uid, clone: place, home };
}

/** A clone that the user may read: this one, or a copy when a folder above it is closed. */
function cloneFor(name: string): string {
  const readable =
    spawnSync("setpriv", [`--reuid=${name}`, "--clear-groups", "test", "-x", `${clone}/bin`]).status === 0;
  if (readable) return clone;
  const copy = path.join(runFolder(), "clone");
  if (!existsSync(copy)) {
    cpSync(clone, copy, { recursive: true, verbatimSymlinks: true });
    execFileSync("chmod", ["-R", "a+rX", copy]);
  }
  return copy;
}
