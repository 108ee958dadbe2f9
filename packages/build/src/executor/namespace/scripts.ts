import { processLimit } from "../../native/programs/enter.ts";
import { mountsFolder } from "../port.ts";

/*
 * The sh scripts that prepare a step's tree in fresh namespaces. They run on the host's sh and util-linux,
 * as uid 0 of the namespace, with the scratch folder as working folder. Nothing is ever pasted into them:
 * all that varies comes as arguments or as links with fixed names in the scratch folder.
 *
 * Paths in `root/` are only followed where no layer can have put a symbolic link: a link in the tree would
 * lead to the host's files, because the tree is not the root yet.
 */

const failFunction = `
set -eu
umask 022
fail() { echo "repo2singularity: $1" >&2; exit 125; }
`;

/**
 * mount_tree KIND LOWERS UPPER WORK: mounts the merged tree on root/. fuse-overlayfs stays as a process of the
 * step's namespace; what it says is kept out of the step's output.
 */
const mountTreeFunction = `
mount_tree() {
  case $1 in
    overlay) mount -t overlay overlay -o "lowerdir=$2,upperdir=$3,workdir=$4,userxattr,index=off" root ;;
    fuse-overlayfs)
      fuse-overlayfs -o "lowerdir=$2,upperdir=$3,workdir=$4" root >mount.log 2>&1 || { cat mount.log >&2; return 1; } ;;
    copy) mount --bind merged root ;;
  esac
}
`;

/**
 * Tries one way to make a tree: mounts it, removes a file and a folder of the lower tree and makes the folder again, which
 * needs both kinds of marks in the upper tree.
 * Arguments: KIND LOWERS UPPER WORK
 */
export const trialScript = `${failFunction}${mountTreeFunction}
mount_tree "$1" "$2" "$3" "$4"
rm root/gone root/folder/file
rmdir root/folder
mkdir root/folder
[ ! -e root/folder/file ]
[ -c "$3/gone" ]
`;

/**
 * Takes away the second form of opaque marks that fuse-overlayfs leaves beside the attribute: files, which
 * nobody else would understand. Argument: the upper folder
 */
export const removeMarkFilesScript = `
exec find "$1" "(" -name .wh..wh..opq -type f -o -name .wh..opq -type c ")" -delete
`;

/** Mounts the fixed parts of a step's tree: /proc, /dev, /run and the temporary folders. */
const fixedMountsFunctions = `
# real_folder PATH: a folder of the tree that is no link, nor reached through one that is
real_folder() { [ ! -L "root/$1" ] && [ -d "root/$1" ] || fail "/$1 of the base is not a folder"; }

# read_only PATH OPTIONS…: makes a mount read-only; a mount's own restrictions must be repeated
read_only() {
  for options in ro ro,nosuid ro,nodev ro,nosuid,nodev ro,nosuid,nodev,noexec; do
    mount -o "remount,bind,$options" "$1" 2>/dev/null && return 0
  done
  return 1
}

# Since Linux 6.14 every table of processes has a highest number of its own; before, there was one for the whole machine.
limit_processes() {
  release=$(uname -r)
  major=\${release%%.*}
  minor=\${release#*.}
  minor=\${minor%%[!0-9]*}
  [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 14 ]; } || return 0
  { echo ${processLimit} >root/proc/sys/kernel/pid_max; } 2>/dev/null || :
}

# The settings in /proc are the host's own, and belong to the host's root even without any capability.
mount_proc() {
  real_folder proc
  if mount -t proc -o nosuid,nodev,noexec proc root/proc 2>/dev/null; then
    limit_processes
  else
    mount --rbind /proc root/proc
  fi
  for name in sys sysrq-trigger irq bus fs; do
    [ -e "root/proc/$name" ] || continue
    { mount --bind "root/proc/$name" "root/proc/$name" && read_only "root/proc/$name"; } 2>/dev/null ||
      [ "$host_uid" != 0 ] || fail "/proc/$name cannot be made read-only"
  done
}

mount_dev() {
  real_folder dev
  mount -t tmpfs -o mode=755,nosuid tmpfs root/dev
  for name in null zero full random urandom tty; do
    : >"root/dev/$name"
    mount --bind "/dev/$name" "root/dev/$name"
  done
  mkdir root/dev/pts root/dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts root/dev/pts
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs root/dev/shm
  ln -s pts/ptmx root/dev/ptmx
  ln -s /proc/self/fd root/dev/fd
  ln -s fd/0 root/dev/stdin
  ln -s fd/1 root/dev/stdout
  ln -s fd/2 root/dev/stderr
}

# /tmp and /var/tmp lie on the scratch disk: unpacked wheels and compilers' files would fill the memory.
mount_temporary() {
  if [ "$temporary" = fresh ]; then
    real_folder tmp
    mount --bind tmp root/tmp
    real_folder var
    if [ ! -L root/var/tmp ]; then real_folder var/tmp; mount --bind var-tmp root/var/tmp; fi
  fi
  real_folder run
  mount -t tmpfs -o mode=755,nosuid,nodev tmpfs root/run
  mkdir -m 1777 root/run/lock
  mkdir root${mountsFolder}
}

# A link of systemd-resolved leads into /run, which is fresh and ours.
mount_names() {
  real_folder etc
  if [ -f root/etc/hosts ] && [ ! -L root/etc/hosts ]; then mount --bind hosts root/etc/hosts; fi
  [ "$network" = host ] || return 0
  if [ ! -L root/etc/resolv.conf ]; then
    if [ -f root/etc/resolv.conf ]; then mount --bind resolv.conf root/etc/resolv.conf; fi
    return 0
  fi
  link=$(readlink root/etc/resolv.conf)
  link=\${link#../}
  case /\${link#/} in
    *..*) ;;
    /run/*)
      target=root/\${link#/}
      mkdir -p "$(dirname "$target")"
      cp resolv.conf "$target" ;;
  esac
}

# plain_path PATH: the tree has it, and no link is on the way, which would lead to the host's files
plain_path() {
  place=root
  rest=\${1#/}
  while [ -n "$rest" ]; do
    place=$place/\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) rest= ;; esac
    [ ! -L "$place" ] || fail "$1 is reached through a link"
  done
  [ -e "$place" ] || fail "$1 is not in the tree"
}

# mount_host ACCESS NAME TARGET: binds the host path that mounts/NAME links to; for ACCESS "own", a view of it that is the
# tree's own, or an empty folder
mount_host() {
  target=root$3
  case $3 in
    /run/*)
      if [ -d "mounts/$2" ]; then
        mkdir -p "$target"
      else
        mkdir -p "$(dirname "$target")"
        : >"$target"
      fi ;;
    *) plain_path "$3" ;;
  esac
  if [ "$1" = own ]; then
    mkdir -p "private/$2/upper" "private/$2/work"
    own="lowerdir=mounts/$2,upperdir=private/$2/upper,workdir=private/$2/work"
    [ "$kind" = overlay ] && mount -t overlay overlay -o "$own,userxattr,index=off" "$target" 2>/dev/null ||
      mount --bind "private/$2/upper" "$target"
    return 0
  fi
  source=$(readlink "mounts/$2")
  mount --bind "$source" "$target" 2>/dev/null || mount --rbind "$source" "$target"
  if [ "$1" = ro ]; then read_only "$target" || fail "$3 cannot be mounted read-only"; fi
}
`;

/**
 * Prepares the tree of a step and becomes the step.
 * Arguments: KIND LOWERS HOST_UID NETWORK(host|own) TEMPORARY(fresh|kept) then `ACCESS NAME TARGET` for every mount, then `--`,
 * then the arguments of the helper program `enter` after the root.
 */
export const stepScript = `${failFunction}${mountTreeFunction}${fixedMountsFunctions}
kind=$1 lowers=$2 host_uid=$3 network=$4 temporary=$5
shift 5
# A core file of a step is no part of a layer; and some programs close every file that the limit allows.
ulimit -c 0 || :
ulimit -S -n 16384 2>/dev/null || :
mount --make-rprivate / 2>/dev/null || :
mount_tree "$kind" "$lowers" layers/upper layers/work || fail "the tree cannot be mounted"
mount_proc
mount_dev
mount_temporary
mount_names
while [ "$1" != -- ]; do
  mount_host "$1" "$2" "$3"
  shift 3
done
shift
[ "$network" = host ] || bin/loopback
: >ready
exec bin/enter root "$@"
`;
