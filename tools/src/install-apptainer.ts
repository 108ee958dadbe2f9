import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync } from "node:fs";
import path from "node:path";
import { addUnstable, apt, unpackUnstable } from "./debian-unstable.ts";

const libraryFolder = "/opt/apptainer-libs";
const privateLibraries = ["libc6", "libseccomp2", "libsqlite3-0", "libgcc-s1"];

/**
 * Installs the apptainer of Debian's unstable suite on an older Debian as root, without touching its libc:
 * the newer libraries go to a folder of their own, and apptainer's programs are told to look there.
 * The suite is added with a low priority, so that nothing else comes from it.
 */
export function installApptainer(): void {
  console.error("setup: adding apptainer from Debian's unstable suite, with libraries of its own");
  addUnstable();
  apt(
    "install",
    "-y",
    "-qq",
    "--no-install-recommends",
    "patchelf",
    "uidmap",
    "fuse2fs",
    "squashfuse",
    "fuse-overlayfs",
  );

  unpackUnstable({ apptainer: "/", ...Object.fromEntries(privateLibraries.map((name) => [name, libraryFolder])) });
  pointAtPrivateLibraries();
  console.error(`setup: ${execFileSync("apptainer", ["--version"], { encoding: "utf8" }).trim()}`);
}

function pointAtPrivateLibraries(): void {
  const triplet = execFileSync("uname", ["-m"], { encoding: "utf8" }).trim() + "-linux-gnu";
  const folder = path.join(libraryFolder, "usr/lib", triplet);
  const loader = readdirSync(folder).find((name) => /^ld-linux-.*\.so/.test(name));
  if (loader === undefined) throw new Error(`${folder}: libc6 has no loader`);
  for (const program of ["/usr/bin/apptainer", `/usr/lib/${triplet}/apptainer/bin/starter`]) {
    patchelf("--set-interpreter", path.join(folder, loader), program);
    patchelf("--force-rpath", "--set-rpath", folder, program);
  }
  for (const name of readdirSync(folder).filter((file) => /^lib(sqlite3|seccomp)\.so\./.test(file))) {
    const library = path.join(folder, name);
    if (!lstatSync(library).isSymbolicLink()) patchelf("--force-rpath", "--set-rpath", folder, library);
  }
}

function patchelf(...args: string[]): void {
  execFileSync("patchelf", args);
}
