import { shellQuote } from "@repo2singularity/base";
import { createRunStep, type RunStep } from "./run-step.ts";

const cache = "/run/repo2singularity/cache/apt";

/**
 * A step that installs packages with apt-get; the clean step after it removes lists and logs.
 *
 * Archives go to the cache that all builds share. It is locked while they are fetched; the install itself reads
 * them without a lock, so that builds do not wait for each other. Nothing else works in the same root tree.
 * @param packages names as `apt-get install` takes them, already checked
 */
export function aptInstallStep(title: string, packages: readonly string[]): RunStep {
  const script = `export DEBIAN_FRONTEND=noninteractive
mkdir -p ${cache}/partial
set -- ${packages.map(shellQuote).join(" ")}
# APT::Sandbox::User: a user namespace with one uid has no _apt to become.
# Dpkg::Use-Pty: lines come as they are written. NoLocking: the cache has a lock of its own.
apt() {
  apt-get -q -y -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 -o Debug::NoLocking=1 \\
    -o Dir::Cache::Archives=${cache} -o APT::Keep-Downloaded-Packages=true -o Acquire::Retries=3 \\
    -o APT::Install-Recommends=false -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
(
  flock 9
  apt update
  apt install --download-only "$@"
) 9>${cache}/repo2singularity.lock
apt install "$@"
`;
  return createRunStep(title, script, { caches: ["apt"], network: true });
}
