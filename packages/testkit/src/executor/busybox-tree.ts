import { chmod, copyFile, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

const busybox = "/bin/busybox";
const applets = [
  "cat",
  "chmod",
  "chown",
  "cut",
  "env",
  "find",
  "grep",
  "hostname",
  "id",
  "ln",
  "ls",
  "mkdir",
  "mknod",
  "mv",
  "nc",
  "rm",
  "sh",
  "sleep",
  "stat",
  "touch",
  "true",
  "umask",
  "wc",
];

/** Whether this host has a busybox, of which small root trees can be made. */
export async function hasBusybox(): Promise<boolean> {
  return stat(busybox).then(
    () => true,
    () => false,
  );
}

/**
 * Makes a small root tree of two megabytes: a static busybox and some files for steps to change. It has no
 * mount points, which executors must cope with.
 * @param directory made when it is missing
 */
export async function makeBusyboxTree(directory: string): Promise<string> {
  for (const folder of ["bin", "data/folder/inner"]) await mkdir(join(directory, folder), { recursive: true });
  await chmod(directory, 0o755);
  await copyFile(busybox, join(directory, "bin/busybox"));
  await chmod(join(directory, "bin/busybox"), 0o755);
  for (const applet of applets) await symlink("busybox", join(directory, "bin", applet));
  for (const name of ["same", "changed", "removed", "folder/one", "folder/two", "folder/inner/three"]) {
    await writeFile(join(directory, "data", name), `${name}\n`);
  }
  return directory;
}
