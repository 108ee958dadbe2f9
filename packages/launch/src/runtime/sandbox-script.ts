/**
 * sh script that makes an unpacked image the root of fresh namespaces and becomes its run action.
 *
 * Arguments: ROOT, then `ACCESS SOURCE TARGET` for every mount (access `ro` or `rw`), then `--` and the command.
 * Nothing is pasted into it. The folders and files that mounts cover must be there, and no link of the image may
 * lead to them: the caller sees to both.
 */
export const sandboxScript: string = `
set -eu
fail() { echo "repo2singularity: $1" >&2; exit 125; }
root=$1
shift
mount --make-rprivate / 2>/dev/null || mount --make-rslave / || fail "no mounts of its own can be had"
mount --rbind "$root" "$root"
# A remount must repeat the restrictions that the file system is mounted with.
read_only() {
  for options in ro ro,nosuid ro,nodev ro,nosuid,nodev ro,nosuid,nodev,noexec; do
    mount -o "remount,bind,$options" "$1" 2>/dev/null && return 0
  done
  fail "$1 cannot be made read-only"
}
read_only "$root"
while [ "$1" != -- ]; do
  mount --rbind "$2" "$root$3" || fail "$2 cannot be bound to $3"
  [ "$1" = rw ] || read_only "$root$3"
  shift 3
done
shift
here=$(pwd)
exec chroot "$root" /bin/sh -c 'cd "$0" 2>/dev/null || cd /; exec /.singularity.d/actions/run "$@"' "$here" "$@"
`;
