import type { TreeEntry } from "@repo2singularity/image";
import { expect, test } from "vitest";
import { withReadableHomes } from "./daemon-layer.ts";

function entry(path: string, mode: number, uid: number, type: TreeEntry["type"] = "file"): TreeEntry {
  return { path, type, mode, uid, gid: uid, mtimeSeconds: 0, sizeBytes: 0 };
}

test("what a user of the image may read, everybody may; secrets of root and of services stay closed", async () => {
  const entries = [
    entry("home/jovyan", 0o700, 1000, "directory"),
    entry("home/jovyan/notes", 0o600, 1000),
    entry("home/jovyan/run", 0o750, 1000),
    entry("home/jovyan/link", 0o777, 1000, "symlink"),
    entry("etc/shadow", 0o640, 0),
    entry("var/lib/service/key", 0o600, 101),
  ];
  const modes: string[] = [];

  for await (const { path, mode } of withReadableHomes(
    (async function* () {
      yield* entries;
    })(),
  )) {
    modes.push(`${path} ${mode.toString(8)}`);
  }

  expect(modes).toEqual([
    "home/jovyan 755",
    "home/jovyan/notes 644",
    "home/jovyan/run 755",
    "home/jovyan/link 777",
    "etc/shadow 640",
    "var/lib/service/key 600",
  ]);
});
