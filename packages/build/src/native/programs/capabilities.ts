/**
 * Capabilities that a step keeps, by their number in `linux/capability.h`: what container engines give to
 * a container's root by default, which is what package scripts are written for. A step cannot mount,
 * load modules, trace or configure the network, also under a real root. Left out of the engines' list: NET_RAW, because
 * steps can share the host's network, and MKNOD, because the filter does not see calls of 32-bit programs.
 */
const keptCapabilities: readonly number[] = [
  0, // CHOWN
  1, // DAC_OVERRIDE
  3, // FOWNER
  4, // FSETID
  5, // KILL
  6, // SETGID
  7, // SETUID
  8, // SETPCAP
  10, // NET_BIND_SERVICE
  18, // SYS_CHROOT
  29, // AUDIT_WRITE
  31, // SETFCAP
];

/** Numbers that a capability can have: two 32-bit words. */
const capabilityCount = 64;

/** All other capabilities, those that later kernels add included. */
export const capabilitiesToDrop: readonly number[] = Array.from(
  { length: capabilityCount },
  (_, number) => number,
).filter((number) => !keptCapabilities.includes(number));
