import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Adds Debian's unstable suite with a low priority, so that nothing comes from it that is not asked for. */
export function addUnstable(): void {
  writeFileSync(
    "/etc/apt/sources.list.d/sid.sources",
    `Types: deb\nURIs: ${debianMirror()}\nSuites: sid\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
  );
  writeFileSync("/etc/apt/preferences.d/sid", "Package: *\nPin: release n=sid\nPin-Priority: 100\n");
  apt("update", "-qq");
}

/**
 * Unpacks packages of the unstable suite, which {@link addUnstable} added, without installing them: what they depend on
 * does not come along.
 * @param targets a folder for each package
 */
export function unpackUnstable(targets: Readonly<Record<string, string>>): void {
  const work = mkdtempSync(path.join(tmpdir(), "unstable-"));
  try {
    aptIn(work, "download", "-qq", ...Object.keys(targets).map((name) => `${name}/sid`));
    for (const file of readdirSync(work)) {
      const target = targets[file.slice(0, file.indexOf("_"))];
      if (target === undefined) throw new Error(`${file}: came without being asked for`);
      mkdirSync(target, { recursive: true });
      execFileSync("dpkg", ["-x", path.join(work, file), target]);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Runs apt-get without questions. */
export function apt(...args: string[]): void {
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

function debianMirror(): string {
  const folder = "/etc/apt/sources.list.d";
  const files = ["/etc/apt/sources.list", ...readdirSync(folder).map((name) => path.join(folder, name))];
  for (const file of files.filter((candidate) => existsSync(candidate))) {
    const found = /https?:\/\/\S+\/debian\/?(?=\s|$)/m.exec(readFileSync(file, "utf8"));
    if (found !== null) return found[0];
  }
  throw new Error("no Debian mirror stands in the apt sources of this machine");
}
