import { imageLayout } from "./image-layout.ts";
import { createRunStep, type RunStep } from "./run-step.ts";

/** Files that package managers leave behind and that no program of an image needs; most of them hold a clock. */
const leftovers: readonly string[] = [
  "/var/lib/apt/lists/*",
  "/var/cache/apt/archives/*.deb",
  "/var/cache/apt/archives/partial/*",
  "/var/cache/apt/*.bin",
  "/var/cache/debconf/*-old",
  "/var/cache/ldconfig/aux-cache",
  "/var/cache/man/*",
  "/var/cache/fontconfig/*",
  "/var/lib/dpkg/*-old",
  "/var/lib/dpkg/lock*",
  "/var/lib/dpkg/triggers/Lock",
  "/var/lib/apt/extended_states.*",
  "/var/lib/systemd/catalog/database",
  "/var/log/*",
  "/var/backups/*",
  "/var/tmp/*",
  "/etc/.pwd.lock",
  "/etc/passwd-",
  "/etc/group-",
  "/etc/shadow-",
  "/etc/gshadow-",
  "/root/.cache",
  "/root/.npm",
  `${imageLayout.home}/.npm`,
  `${imageLayout.home}/.cache/pip`,
  `${imageLayout.home}/.cache/uv`,
  `${imageLayout.home}/.cache/node-gyp`,
  `${imageLayout.home}/.cache/yarn`,
  `${imageLayout.home}/.cache/matplotlib`,
  `${imageLayout.home}/.config/matplotlib`,
  `${imageLayout.home}/.local/share/jupyter/runtime`,
  `${imageLayout.home}/.local/share/jupyter/nbsignatures.db`,
  `${imageLayout.home}/.local/share/jupyter/notebook_secret`,
  `${imageLayout.home}/.jupyter/migrated`,
  `${imageLayout.home}/.ipython/profile_default/history.sqlite*`,
  `${imageLayout.home}/.bash_history`,
  `${imageLayout.home}/.python_history`,
  `${imageLayout.home}/.wget-hsts`,
];

/**
 * Lines of sh that remove caches, logs and whatever says when or where it was built.
 *
 * Signing keys and histories go too: an image is public, and each session makes its own.
 */
export function cleanLines(): string {
  return [
    `rm -rf ${leftovers.join(" ")}`,
    // Empty, not missing: a missing machine-id is made up at the next start of some programs.
    "[ ! -e /etc/machine-id ] || : >/etc/machine-id",
    "rm -f /var/lib/dbus/machine-id",
    // uv notes when it saw a source; nothing reads that after the build.
    `for root in ${imageLayout.server} ${imageLayout.environment}; do`,
    '  [ -L "$root" ] || rm -f "$root"/lib/python3*/site-packages/*.dist-info/uv_cache.json "$root/.lock" "$root/.gitignore" "$root/CACHEDIR.TAG"',
    "done",
    // Timings of webpack and yarn in a lab that was built here.
    `for root in ${imageLayout.server} ${imageLayout.environment}; do`,
    '  [ -L "$root" ] || rm -rf "$root"/share/jupyter/lab/staging',
    "done",
    `rm -rf ${imageLayout.npm}/_logs ${imageLayout.npm}/_cacache`,
    "",
  ].join("\n");
}

/** The step that ends every group: two builds of one key leave the same bytes. */
export function cleanStep(): RunStep {
  return createRunStep("Clean up", cleanLines());
}
