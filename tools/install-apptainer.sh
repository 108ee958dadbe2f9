#!/bin/sh
# Installs apptainer of Debian unstable on an older Debian without touching its C library or its apt sources:
# the few newer libraries lie in /opt/apptainer-libs and only apptainer uses them. Root; idempotent.
set -eu
command -v apptainer >/dev/null 2>&1 && exec apptainer --version
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || {
  echo "apptainer is not installed; install it as https://apptainer.org/docs/admin/main/installation.html says" >&2
  exit 3
}
mirror=$(grep -hoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  head -n 1 | tr -d ' ') || true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends patchelf squashfs-tools squashfuse fuse-overlayfs fuse2fs uidmap \
  fakeroot containernetworking-plugins ca-certificates >/dev/null

# A private apt state, so that the machine never sees the packages of unstable.
mkdir -p "$work/lists/partial" "$work/debs"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} sid main" \
  >"$work/sid.list"
private="-o Dir::Etc::SourceList=$work/sid.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$work/lists"
# shellcheck disable=SC2086 # the options are meant to be split
apt-get update -qq $private
cd "$work/debs"
# shellcheck disable=SC2086
apt-get download -qq $private apptainer libc6 libseccomp2 libsqlite3-0 libgcc-s1

libs=/opt/apptainer-libs
mkdir -p $libs
for package in libc6 libseccomp2 libsqlite3-0 libgcc-s1; do dpkg -x ${package}_*.deb $libs; done
dpkg -x apptainer_*.deb /
dir=$(dirname "$(find $libs -name 'libseccomp.so.2' | head -n 1)")
loader=$(find "$dir" -name 'ld-linux-*.so.*' | head -n 1)
for binary in /usr/bin/apptainer /usr/lib/*/apptainer/bin/starter; do
  patchelf --set-interpreter "$loader" "$binary"
  patchelf --force-rpath --set-rpath "$dir" "$binary"
done
for library in "$dir"/libsqlite3.so.* "$dir"/libseccomp.so.*; do
  [ -L "$library" ] || patchelf --force-rpath --set-rpath "$dir" "$library"
done
apptainer --version
