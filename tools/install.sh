#!/bin/sh
# Installs the npm packages of this clone, Node 24 among them, if they are missing or older than the lockfile.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
installed=$root/node_modules/.package-lock.json

is_current() {
  [ -x "$root/node_modules/.bin/node" ] && [ -f "$installed" ] && [ -z "$(find "$root/package-lock.json" -newer "$installed")" ]
}

is_current && exit 0
command -v npm >/dev/null 2>&1 || {
  echo "repo2singularity: npm is not installed; install Node.js 20 or later, which brings it" >&2
  exit 3
}
echo "repo2singularity: installing its npm packages, once" >&2
cd "$root"
npm ci --no-audit --no-fund --loglevel=error >&2
touch "$installed"
