import { expect, test } from "vitest";
import { confirm } from "./confirm.ts";

async function* typed(...chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

test.each([
  [["y\n"], true],
  [["Y", "es\n", "more"], true],
  [["n\n"], false],
  [["yesterday\n"], false],
  [[], false],
])("%j answers %s", async (chunks, expected) => {
  let asked = "";
  const io = {
    env: {},
    cwd: "/",
    stdout: { write: () => {} },
    stderr: { write: (text: string) => (asked += text) },
    stdin: typed(...chunks),
    signal: new AbortController().signal,
  };

  expect(await confirm(io, "sure?")).toBe(expected);
  expect(asked).toBe("sure? [y/N] ");
});
