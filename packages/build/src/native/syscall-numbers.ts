/** The processor families that helper programs exist for, by the name that Node's `process.arch` has for them. */
export type Architecture = "x64" | "arm64";

/**
 * System calls that the helper programs make; only such as both families have under one name.
 * Source: Linux `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`.
 */
export const syscallNumbers = {
  accept4: { x64: 288, arm64: 242 },
  bind: { x64: 49, arm64: 200 },
  chdir: { x64: 80, arm64: 49 },
  chroot: { x64: 161, arm64: 51 },
  clone: { x64: 56, arm64: 220 },
  close: { x64: 3, arm64: 57 },
  connect: { x64: 42, arm64: 203 },
  execve: { x64: 59, arm64: 221 },
  exit_group: { x64: 231, arm64: 94 },
  ioctl: { x64: 16, arm64: 29 },
  lgetxattr: { x64: 192, arm64: 9 },
  listen: { x64: 50, arm64: 201 },
  lremovexattr: { x64: 198, arm64: 15 },
  mknodat: { x64: 259, arm64: 33 },
  mmap: { x64: 9, arm64: 222 },
  mount: { x64: 165, arm64: 40 },
  pivot_root: { x64: 155, arm64: 41 },
  prctl: { x64: 157, arm64: 167 },
  prlimit64: { x64: 302, arm64: 261 },
  read: { x64: 0, arm64: 63 },
  rt_sigaction: { x64: 13, arm64: 134 },
  sethostname: { x64: 170, arm64: 161 },
  setsid: { x64: 112, arm64: 157 },
  setsockopt: { x64: 54, arm64: 208 },
  shutdown: { x64: 48, arm64: 210 },
  socket: { x64: 41, arm64: 198 },
  umask: { x64: 95, arm64: 166 },
  umount2: { x64: 166, arm64: 39 },
  wait4: { x64: 61, arm64: 260 },
  write: { x64: 1, arm64: 64 },
} as const satisfies Record<string, Record<Architecture, number>>;

/** The name of a system call that helper programs may make. */
export type SyscallName = keyof typeof syscallNumbers;
