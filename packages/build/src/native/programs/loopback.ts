import { call, type Program } from "../instruction.ts";

const internet = 2; // AF_INET
const datagram = 2; // SOCK_DGRAM
const setInterfaceFlags = 0x8914; // SIOCSIFFLAGS
const up = 1; // IFF_UP

/** `struct ifreq`: 16 bytes of name, then u16 flags; 40 bytes in all. */
function interfaceRequest(name: string, flags: number): Uint8Array {
  const request = Buffer.alloc(40);
  request.write(name, 0, "latin1");
  request.writeUInt16LE(flags, 16);
  return request;
}

/** Switches on the loopback interface of a new network namespace; does nothing where it may not. */
export const loopbackProgram: Program = {
  code: [
    ...call("socket", internet, datagram, 0),
    { op: "copy", to: "s0", from: "result" },
    ...call("ioctl", "s0", setInterfaceFlags, { data: "request" }),
    ...call("exit_group", 0),
  ],
  data: { request: { bytes: interfaceRequest("lo", up) } },
};
