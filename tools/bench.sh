#!/bin/sh
# Runs the benchmarks on the Node that npm brings: sh tools/bench.sh [NAME…] [--json FILE]
set -e
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
[ -d "$root/node_modules/.bin" ] || (cd "$root" && npm ci --no-audit --no-fund)
PATH="$root/node_modules/.bin:$PATH" exec node "$root/bench/src/main.ts" "$@"
