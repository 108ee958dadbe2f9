#!/bin/sh
# Makes the golden images beside this script with the reference programs (mksquashfs 4.5, tar2sqfs 1.2).
# The tree is the same in all; golden.test.ts says what is in it.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/t/dir/sub" "$work/t/many"
printf 'hello\n' >"$work/t/hello"
: >"$work/t/empty"
seq 1 3000 >"$work/t/dir/numbers"
ln "$work/t/dir/numbers" "$work/t/dir/second-name"
ln -s ../../hello "$work/t/dir/sub/link"
head -c 20000 /dev/zero >"$work/t/sparse"
for i in $(seq -w 1 40); do echo "$i" >"$work/t/many/file-$i"; done
find "$work/t" -exec touch -h -d @1000000000 {} +
pack() {
  name=$1
  shift
  rm -f "$here/$name.sqfs"
  mksquashfs "$work/t" "$here/$name.sqfs" -noappend -quiet -no-progress -nopad -all-root -b 4096 \
    -mkfs-time 1000000000 -p "null c 666 0 0 1 3" -p "pipe i 644 0 0 f" "$@"
}
pack gzip -comp gzip
pack zstd -comp zstd -no-exports
pack stored -comp gzip -noI -noId -noD -noF
tar -C "$work/t" --sort=name --owner=0 --group=0 -cf - . | tar2sqfs -q -f -c zstd -b 4096 "$here/tar2sqfs.sqfs"
