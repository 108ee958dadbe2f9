import { aarch64 } from "./aarch64.ts";
import { elfHeaderSizeBytes, formatElf, loadAddress } from "./elf.ts";
import type { Encoder } from "./encoder.ts";
import type { Program } from "./instruction.ts";
import type { Architecture } from "./syscall-numbers.ts";
import { x86_64 } from "./x86-64.ts";

const encoders: Readonly<Record<Architecture, Encoder>> = { x64: x86_64, arm64: aarch64 };

/**
 * A complete static ELF program for one processor family: a few hundred bytes that need no library,
 * no interpreter and no compiler, neither here nor where they run.
 *
 * @throws RangeError when the program names a label or piece of data that it does not have
 */
export function assemble(program: Program, architecture: Architecture): Uint8Array {
  const encoder = encoders[architecture];
  const addresses = layOut(program, encoder);
  const addressOf = (name: string): number => {
    const address = addresses.get(name);
    if (address === undefined) throw new RangeError(`the program has no label or data named ${name}`);
    return address;
  };

  const body: number[] = [];
  for (const instruction of program.code) {
    body.push(...encoder.encode(instruction, codeStart + body.length, addressOf));
  }
  for (const [name, piece] of Object.entries(program.data)) {
    while (codeStart + body.length < addressOf(name)) body.push(0);
    const bytes = Buffer.from(piece.bytes);
    for (const slot of piece.addresses ?? []) bytes.writeBigUInt64LE(BigInt(addressOf(slot.data)), slot.offset);
    body.push(...bytes);
  }
  return formatElf(encoder.elfMachine, Uint8Array.from(body));
}

const codeStart = loadAddress + elfHeaderSizeBytes;

/** Where every label and every piece of data lies: instruction lengths do not depend on addresses. */
function layOut(program: Program, encoder: Encoder): ReadonlyMap<string, number> {
  const addresses = new Map<string, number>();
  let position = codeStart;
  for (const instruction of program.code) {
    if (instruction.op === "label") addresses.set(instruction.name, position);
    else position += encoder.encode(instruction, position, () => position).length;
  }
  for (const [name, piece] of Object.entries(program.data)) {
    position = Math.ceil(position / 8) * 8;
    addresses.set(name, position);
    position += piece.bytes.length;
  }
  return addresses;
}
