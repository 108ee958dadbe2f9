import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { assemble } from "./assemble.ts";
import { call, type Instruction, type Program } from "./instruction.ts";
import { commandProgram } from "./programs/enter.ts";
import type { Architecture } from "./syscall-numbers.ts";
import { helperProgram, type ProgramName } from "./write-programs.ts";

const codeStart = 120;
const folder = mkdtempSync(join(tmpdir(), "assemble-"));
afterAll(() => rmSync(folder, { recursive: true }));

function machineCode(code: readonly Instruction[], architecture: Architecture): string {
  return Buffer.from(assemble({ code, data: {} }, architecture)).toString("hex", codeStart);
}

/** Each was read back by `objdump -D -b binary` of GNU binutils as the instruction that is meant. */
const encodings: readonly [Instruction, { readonly x64: string; readonly arm64: string }][] = [
  [
    { op: "copy", to: "s2", from: "a0" },
    { x64: "4989fc", arm64: "f50300aa" },
  ],
  [
    { op: "stackPointer", to: "s0" },
    { x64: "4889e3", arm64: "f3030091" },
  ],
  [
    { op: "add", to: "s3", value: 8 },
    { x64: "4981c508000000", arm64: "d6220091" },
  ],
  [
    { op: "add", to: "a0", value: -64 },
    { x64: "4881c7c0ffffff", arm64: "000001d1" },
  ],
  [
    { op: "load", bits: 64, to: "a0", base: "s2", offset: 8 },
    { x64: "498bbc2408000000", arm64: "a00640f9" },
  ],
  [
    { op: "load", bits: 32, to: "a0", base: "s0", offset: 0 },
    { x64: "408bbb00000000", arm64: "600240b9" },
  ],
  [
    { op: "load", bits: 8, to: "s5", base: "s3", offset: 1 },
    { x64: "4d0fb6bd01000000", arm64: "d8064039" },
  ],
  [
    { op: "store", from: "a0", base: "s4", offset: 16 },
    { x64: "4989be10000000", arm64: "e00a00f9" },
  ],
  [
    { op: "bits", to: "a0", low: 8, count: 8 },
    { x64: "48c1ef084881e7ff000000", arm64: "003c48d3" },
  ],
  [
    { op: "set", to: "a1", value: 0x1122334455667788n },
    { x64: "48be8877665544332211", arm64: "01f18ed2c1acaaf28168c6f24124e2f2" },
  ],
];

test.each(encodings)("encodes $op as both processor families know it", (instruction, expected) => {
  expect({ x64: machineCode([instruction], "x64"), arm64: machineCode([instruction], "arm64") }).toEqual(expected);
});

test.each(["x64", "arm64"] satisfies Architecture[])("writes an ELF file of one segment for %s", (architecture) => {
  const file = Buffer.from(assemble({ code: call("exit_group", 0), data: {} }, architecture));

  expect(file.toString("latin1", 1, 4)).toBe("ELF");
  expect(file.readUInt16LE(18)).toBe({ x64: 62, arm64: 183 }[architecture]);
  expect(file.readBigUInt64LE(24)).toBe(0x400000n + BigInt(codeStart));
  expect(Number(file.readBigUInt64LE(64 + 32))).toBe(file.length);
  expect(file.readUInt32LE(64 + 4), "nothing is writable").toBe(5);
});

test("refuses a program that names a label it does not have", () => {
  const program: Program = { code: [{ op: "jump", label: "nowhere" }], data: {} };

  expect(() => assemble(program, "x64")).toThrow("nowhere");
});

/** How programs of a family are started here: directly, or by an emulator. */
function starters(): [Architecture, readonly string[]][] {
  const native: [Architecture, readonly string[]][] =
    process.arch === "x64" || process.arch === "arm64" ? [[process.arch, []]] : [];
  const emulator = "/usr/bin/qemu-aarch64-static";
  return process.arch === "x64" && existsSync(emulator) ? [...native, ["arm64", [emulator]]] : native;
}

describe.each(starters())("helper programs of %s", (architecture, starter) => {
  const write = (name: string, bytes: Uint8Array): readonly [string, ...string[]] => {
    const path = join(folder, `${architecture}-${name}`);
    writeFileSync(path, bytes, { mode: 0o755 });
    return [starter[0] ?? path, ...(starter.length === 0 ? [] : [path])];
  };
  const start = (name: ProgramName, args: readonly string[]): string => {
    const [program, ...first] = write(name, helperProgram(name, architecture));
    return execFileSync(program, [...first, ...args], { encoding: "utf8" });
  };

  test("lease becomes its program", () => {
    expect(start("lease", ["/bin/echo", "two words", "x"])).toBe("two words x\n");
  });

  test("whiteout makes a mark at every path and says when it cannot", () => {
    const paths = ["one", "two"].map((name) => join(folder, `${architecture}-${name}`));

    start("whiteout", paths);

    for (const path of paths) {
      expect([lstatSync(path).isCharacterDevice(), lstatSync(path).rdev, lstatSync(path).mode & 0o777]).toEqual([
        true,
        0,
        0,
      ]);
    }
    expect(() => start("whiteout", paths)).toThrow("removed file");
  });

  test("take-opaque is silent about folders without a mark", () => {
    expect(start("take-opaque", [folder, tmpdir()])).toBe("");
  });

  test("command finds its program, passes marked variables alone and tells statuses", () => {
    // Emulators have no seccomp: what the call answered is not looked at here.
    const { code, data } = commandProgram(new Uint8Array(8));
    const lenient = code.filter((instruction) => !(instruction.op === "branch" && instruction.label === "fail-filter"));
    const [program, ...first] = write("lenient", assemble({ code: lenient, data }, architecture));
    const run = (cwd: string, script: string): { status: number | null; stdout: string } => {
      const args = [...first, "/", cwd, "/no/such/sh", "/bin/sh", "", "sh", "-c", script];
      return spawnSync(program, args, {
        env: { R2S_ENV_A: "1", R2S_ENV_: "", B: "2", R2S_ENV_C: "x=y" },
        encoding: "utf8",
      });
    };

    expect(run("/", 'echo "$A $B $C"; pwd').stdout).toBe("1  x=y\n/\n");
    expect(run("/", "exit 7").status).toBe(7);
    expect(run("/", "kill -9 $$").status).toBe(137);
    expect(run("/no/such/folder", "true").status).toBe(125);
  });
});

test("refuses processor families that it has no programs for", () => {
  expect(() => helperProgram("lease", "riscv64")).toThrow("riscv64");
});
