import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { installApptainer } from "./install-apptainer.ts";
import { buildx, ensureGoPrograms, registryClients } from "./install-go-programs.ts";

/**
 * Adds what the main job (`start`), the tests (`test`) or a benchmark that needs `apptainer` or `docker` needs.
 * Only root on Debian or Ubuntu gets them added; everybody else is told what is missing.
 */

/** A program that must be there and the Debian package that has it. */
interface Requirement {
  /** Its name on PATH, or the absolute path of a file that stands for it. */
  readonly program: string;
  readonly debianPackage: string;
  /** Whether its package starts a server: not added where a service manager runs, tests that need it are skipped there. */
  readonly startsService?: boolean;
}

const forStart: readonly Requirement[] = [
  { program: "git", debianPackage: "git" },
  { program: "mmdebstrap", debianPackage: "mmdebstrap" },
  { program: "unshare", debianPackage: "util-linux" },
];

const forDocker: readonly Requirement[] = [{ program: "dockerd", debianPackage: "docker.io", startsService: true }];

const forTests: readonly Requirement[] = [
  ...forStart,
  { program: "mksquashfs", debianPackage: "squashfs-tools" },
  { program: "tar2sqfs", debianPackage: "squashfs-tools-ng" },
  { program: "squashfuse", debianPackage: "squashfuse" },
  { program: "fuse-overlayfs", debianPackage: "fuse-overlayfs" },
  { program: "ch-run", debianPackage: "charliecloud" },
  { program: "fakeroot", debianPackage: "fakeroot" },
  { program: "curl", debianPackage: "curl" },
  { program: "skopeo", debianPackage: "skopeo" },
  { program: "sshd", debianPackage: "openssh-server", startsService: true },
  { program: "docker-registry", debianPackage: "docker-registry", startsService: true },
  { program: "swift-proxy-server", debianPackage: "swift-proxy", startsService: true },
  { program: "swift-account-server", debianPackage: "swift-account", startsService: true },
  { program: "swift-container-server", debianPackage: "swift-container", startsService: true },
  { program: "swift-object-server", debianPackage: "swift-object", startsService: true },
  { program: "memcached", debianPackage: "memcached", startsService: true },
  ...forDocker,
  { program: "jq", debianPackage: "jq" },
  { program: "wget", debianPackage: "wget" },
  { program: "chromium", debianPackage: "chromium" },
  { program: "hg", debianPackage: "mercurial" },
  { program: "xz", debianPackage: "xz-utils" },
  { program: "bzip2", debianPackage: "bzip2" },
  { program: "zip", debianPackage: "zip" },
  { program: "/usr/share/python-wheels", debianPackage: "python3-venv" },
];

function isInstalled(program: string): boolean {
  if (program.startsWith("/")) return existsSync(program);
  const folders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}

function isDebianFamily(): boolean {
  if (!existsSync("/etc/os-release")) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
}

const isRoot = process.getuid?.() === 0;

function addPackages(missing: readonly Requirement[]): void {
  const names = [...new Set(missing.map((requirement) => requirement.debianPackage))];
  if (!isRoot || !isDebianFamily()) {
    console.error(`setup: not installed here: ${missing.map((one) => one.program).join(", ")}`);
    console.error(`setup: on Debian or Ubuntu an administrator adds them with: apt-get install ${names.join(" ")}`);
    return;
  }
  console.error(`setup: adding the system packages ${names.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("apt-get", ["update", "-qq"], { env, stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...names], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** The tests prove that an ordinary user can do everything, so root makes one. */
function ensureTestUser(): void {
  if (!isRoot || spawnSync("id", ["tester"], { stdio: "ignore" }).status === 0) return;
  console.error("setup: adding the user tester");
  execFileSync("useradd", ["--create-home", "tester"]);
}

/** Unprivileged FUSE mounts and temporary files work on every cluster; make it so on a bare machine too. */
function openDevices(): void {
  if (!isRoot) return;
  if (existsSync("/dev/fuse")) chmodSync("/dev/fuse", 0o666);
  if ((statSync("/tmp").mode & 0o7777) !== 0o1777) chmodSync("/tmp", 0o1777);
}

function ensureApptainer(): void {
  if (isInstalled("apptainer")) return;
  if (isRoot && isDebianFamily()) installApptainer();
  else console.error("setup: apptainer is not installed: what needs it is skipped");
}

const purposes: Readonly<Record<string, readonly Requirement[]>> = {
  start: forStart,
  test: forTests,
  apptainer: [],
  docker: forDocker,
};
const purpose = process.argv[2] ?? "start";
const missing = (purposes[purpose] ?? []).filter(
  ({ program, startsService = false }) =>
    !isInstalled(program) && !(startsService && existsSync("/run/systemd/system")),
);
if (missing.length > 0) addPackages(missing);
if (purpose !== "start") {
  openDevices();
  ensureApptainer();
  if (isRoot && isDebianFamily()) {
    ensureGoPrograms([...(isInstalled("dockerd") ? [buildx] : []), ...(purpose === "test" ? registryClients : [])]);
  }
}
if (purpose === "test") ensureTestUser();
