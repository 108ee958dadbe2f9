import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const libraryFolder = "/opt/apptainer-libs";
const privateLibraries = ["libc6", "libseccomp2", "libsqlite3-0", "libgcc-s1"];

/**
 * Installs the apptainer of Debian's unstable suite on an older Debian as root, without touching its libc:
 * the newer libraries go to a folder of their own, and apptainer's programs are told to look there.
 * The suite is added with a low priority, so that nothing else comes from it.
 */
export function installApptainer(): void {
  console.error("setup: adding apptainer from Debian's unstable suite, with libraries of its own");
  const mirror = debianMirror();
  writeFileSync(
    "/etc/apt/sources.list.d/sid.sources",
    `Types: deb\nURIs: ${mirror}\nSuites: sid\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
  );
  writeFileSync("/etc/apt/preferences.d/sid", "Package: *\nPin: release n=sid\nPin-Priority: 100\n");
  apt("update", "-qq");
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

  const work = mkdtempSync(path.join(tmpdir(), "apptainer-"));
  try {
    aptIn(work, "download", "-qq", ...["apptainer", ...privateLibraries].map((name) => `${name}/sid`));
    for (const file of readdirSync(work))
      unpack(path.join(work, file), file.startsWith("apptainer_") ? "/" : libraryFolder);
  } finally {
    rmSync(work, { recursive: true });
  }
  pointAtPrivateLibraries();
  console.error(`setup: ${execFileSync("apptainer", ["--version"], { encoding: "utf8" }).trim()}`);
}

function apt(...args: string[]): void {
  aptIn("/", ...args);
}

function aptIn(cwd: string, ...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // As root, apt's sandbox user cannot write to our private folder.
  execFileSync("apt-get", ["-o", "APT::Sandbox::User=root", ...args], {
    cwd,
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function unpack(file: string, target: string): void {
  mkdirSync(target, { recursive: true });
  execFileSync("dpkg", ["-x", file, target]);
}

function debianMirror(): string {
  const folder = "/etc/apt/sources.list.d";
  const files = ["/etc/apt/sources.list", ...readdirSync(folder).map((name) => path.join(folder, name))];
  for (const file of files.filter((candidate) => existsSync(candidate))) {
    const found = /https?:\/\/\S+\/debian\/?(?=\s|$)/m.exec(readFileSync(file, "utf8"));
    if (found !== null) return found[0];
  }
  throw new Error("no Debian mirror stands in the apt sources of this machine");
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
