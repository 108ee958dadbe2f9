#!/bin/sh
# `npm test`: sets up what the tests need on this machine, then runs every check and every test.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
sh "$root/tools/install.sh"
cd "$root"
PATH=$root/node_modules/.bin:$PATH
export PATH
node tools/src/setup-machine.ts test
npm run --silent check
npm run --silent e2e
