import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { buildDockerfile, expectNothingRan, expectRefused, trace, victim } from "./support.ts";

afterEach(expectNothingRan);
beforeAll(() => writeFileSync(path.join(victim.home, "a-secret"), "hunter2-of-the-host\n"));

test.each([
  ["COPY of a folder above the repository", "FROM base\nCOPY ../a-secret /x\n"],
  ["COPY of a path of the machine", "FROM base\nCOPY /etc/hostname /x\n"],
  ["ADD of a file: address", "FROM base\nADD file:///etc/hostname /x\n"],
  ["FROM with a command", `FROM --platform=$(touch ${trace}) base\n`],
  ["FROM a folder of the machine", "FROM /etc\n"],
  ["FROM a folder above the repository", "FROM ../../etc\n"],
  ["COPY --from a folder of the machine", "FROM base\nCOPY --from=/etc hostname /x\n"],
  ["a bind mount of a folder above the repository", "FROM base\nRUN --mount=type=bind,source=../..,target=/m ls /m\n"],
  ["a step without a sandbox", "FROM base\nRUN --security=insecure id\n"],
  ["a mount over the processes", "FROM base\nRUN --mount=type=tmpfs,target=/proc id\n"],
  ["an ARG that becomes an option", "ARG X=--platform=linux/s390x\nFROM ${X} base\n"],
])("%s is refused", async (_what, dockerfile) => {
  const built = await buildDockerfile(dockerfile);

  expect(built.status).toBeGreaterThan(0);
  expect(built.stderr).toMatch(/\(E_(?:RECIPE_FILE_INVALID|STEP_FAILED|REFERENCE_INVALID|PATH_ESCAPE)\)/);
  expect(built.stderr).not.toContain("hunter2");
});

test("a parser directive that asks for another builder is not followed", async () => {
  const built = await buildDockerfile("# syntax=example.org/evil/frontend\nFROM base\nRUN echo plain\n");

  expect(built, built.stderr).toMatchObject({ status: 0 });
});

test("an archive with names that lead out of its folder is refused", async () => {
  const built = await buildDockerfile("FROM base\nADD evil.tar /data/\n", {
    prepare: (repository) => writeFileSync(path.join(repository, "evil.tar"), escapingTar()),
  });

  expectRefused(built, "E_PATH_ESCAPE");
});

/** One file named `../../trace`, in the oldest form of tar. Source: POSIX.1-1988 ustar */
function escapingTar(): Buffer {
  const header = Buffer.alloc(512);
  header.write("../../trace-of-an-attack", 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write("00000000004\0", 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, Buffer.from("evil".padEnd(512, "\0")), Buffer.alloc(1024)]);
}
