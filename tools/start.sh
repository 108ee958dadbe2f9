#!/bin/sh
# `npm start -- REPO`: sets up what the main job needs on this machine, then runs the command.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
sh "$root/tools/install.sh"
"$root/node_modules/.bin/node" "$root/tools/src/setup-machine.ts" start
exec sh "$root/bin/repo2singularity" "$@"
