import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAppError } from "@repo2singularity/base";
import { addSifObject, deleteSifObject } from "./modify.ts";
import { objectSourceOf, type SelfWritingContent, type SifObjectSource } from "./object-source.ts";
import { openSif } from "./read.ts";
import { uuidFromContent } from "./uuid.ts";
import { writeSif, type WrittenSif } from "./write.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sif-test-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const uuid = uuidFromContent("00112233445566778899aabbccddeeff");
const partitionBytes = new Uint8Array(5000).fill(7);
const partition: SifObjectSource = {
  kind: { type: "partition", partition: { fileSystem: "squashfs", kind: "primary", architecture: "amd64" } },
  content: partitionBytes,
};
const definition: SifObjectSource = { kind: { type: "definition" }, content: "bootstrap: scratch\n" };
const json: SifObjectSource = { kind: { type: "json" }, name: "r2s.json", content: '{"a":1}' };

async function write(name: string, objects: readonly SifObjectSource[]): Promise<WrittenSif & { path: string }> {
  const path = join(folder, name);
  return { path, ...(await writeSif(path, { objects, uuid, createdSeconds: 1_700_000_000, withDigest: true })) };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
  return "no error";
}

async function architectureOf(path: string): Promise<string> {
  await using sif = await openSif(path);
  return sif.header.architecture;
}

async function readEverything(path: string): Promise<void> {
  await using sif = await openSif(path);
  for (const { id } of sif.descriptors) await sif.readBytes(id);
}

test("what is written is read back: header, descriptors, data", async () => {
  const { path, sizeBytes, digestHex } = await write("a.sif", [definition, json, partition]);

  await using sif = await openSif(path);
  expect(sif.sizeBytes).toBe(sizeBytes);
  expect(sif.header).toMatchObject({ architecture: "amd64", uuid, descriptorsFree: 45, dataOffset: 32_176 });
  expect(sif.descriptors.map(({ type, name, groupId }) => [type, name, groupId])).toEqual([
    ["definition", "", 1],
    ["json", "r2s.json", 1],
    ["partition", "", 1],
  ]);
  expect(sif.primaryPartition()).toMatchObject({ offset: 32_768, sizeBytes: 5000, partition: { kind: "primary" } });
  expect(Buffer.from(await sif.readBytes(1)).toString()).toBe("bootstrap: scratch\n");
  expect(new Uint8Array(await sif.readBytes(3))).toEqual(partitionBytes);
  expect(digestHex).toBe(
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  );
});

test("the same objects give the same bytes, and no partial file stays beside them", async () => {
  const first = await write("same.sif", [definition, partition]);
  const before = await readFile(first.path);
  const second = await write("same.sif", [definition, partition]);

  expect(second.digestHex).toBe(first.digestHex);
  expect(await readFile(second.path)).toEqual(before);
  expect((await readdir(folder)).filter((name) => name.includes("partial"))).toEqual([]);
});

test("a file whose content fails on the way does not appear", async () => {
  const failing: SifObjectSource = {
    kind: { type: "generic" },
    content: {
      sizeBytes: 10,
      read: async function* () {
        yield new Uint8Array(3);
      },
    },
  };

  expect(await codeOf(write("never.sif", [failing]))).toBe("E_SIF_INVALID");
  expect((await readdir(folder)).filter((name) => name.startsWith("never"))).toEqual([]);
});

test("an aborted write passes the reason on and leaves nothing", async () => {
  const controller = new AbortController();
  controller.abort(new DOMException("stop", "AbortError"));
  const path = join(folder, "aborted.sif");
  const options = { objects: [partition], uuid, createdSeconds: 0, signal: controller.signal };

  await expect(writeSif(path, options)).rejects.toThrow("stop");
  expect((await readdir(folder)).filter((name) => name.startsWith("aborted"))).toEqual([]);
});

test("an object that writes itself is laid out as one whose bytes are there", async () => {
  const { path, header } = await write("known.sif", [definition, json, partition]);
  const selfWritten = join(folder, "self-written.sif");
  const { kind } = partition;
  const content: SelfWritingContent = {
    writeInto: async (file, offsetBytes) => (await file.write(partitionBytes, 0, null, offsetBytes)).bytesWritten,
  };

  const options = { objects: [definition, json], last: { kind, content }, uuid, createdSeconds: 1_700_000_000 };
  const written = await writeSif(selfWritten, options);

  expect((await readFile(selfWritten)).equals(await readFile(path))).toBe(true);
  expect(written.header).toEqual(header);
  expect(await codeOf(writeSif(selfWritten, { ...options, withDigest: true }))).toBe("E_INTERNAL");
});

test("an object that fails to write itself leaves nothing", async () => {
  const { kind } = partition;
  const content: SelfWritingContent = { writeInto: () => Promise.reject(new Error("no more")) };
  const options = { objects: [definition], last: { kind, content }, uuid, createdSeconds: 0 };

  await expect(writeSif(join(folder, "unwritten.sif"), options)).rejects.toThrow("no more");

  expect((await readdir(folder)).filter((name) => name.startsWith("unwritten"))).toEqual([]);
});

test("an object is extracted to a file of its own", async () => {
  const { path } = await write("extract.sif", [definition, partition]);
  await using sif = await openSif(path);

  await sif.extract(2, join(folder, "extracted.bin"));

  expect(new Uint8Array(await readFile(join(folder, "extracted.bin")))).toEqual(partitionBytes);
});

test("adding and deleting keeps the other objects where they are", async () => {
  const { path } = await write("change.sif", [definition, partition, json]);

  const added = await addSifObject(path, { ...json, name: "more.json", groupId: 2 }, { timeSeconds: 1_800_000_000 });
  await deleteSifObject(path, 1, { timeSeconds: 1_800_000_001, zero: true });

  await using sif = await openSif(path);
  expect(added).toMatchObject({ id: 4, slot: 3 });
  expect(sif.descriptors.map(({ id, name }) => [id, name])).toEqual([
    [2, ""],
    [3, "r2s.json"],
    [4, "more.json"],
  ]);
  expect(sif.header).toMatchObject({ descriptorsFree: 45, modifiedSeconds: 1_800_000_001, architecture: "amd64" });
  expect((await readFile(path)).subarray(32_176, 32_176 + 19)).toEqual(Buffer.alloc(19));
  expect(Buffer.from(await sif.readBytes(4)).toString()).toBe('{"a":1}');
});

test("deleting the last object with compact gives its space back, and its id is given again", async () => {
  const { path, sizeBytes } = await write("compact.sif", [definition, json]);

  await deleteSifObject(path, 2, { timeSeconds: 1, compact: true });
  const { size } = await stat(path);
  const again = await addSifObject(path, json, { timeSeconds: 2 });

  expect(size).toBe(sizeBytes - 7);
  expect(again).toMatchObject({ id: 2, offset: sizeBytes - 7 });
});

test("deleting the primary partition clears the architecture, and only then another can be added", async () => {
  const { path } = await write("primary.sif", [partition]);

  expect(await codeOf(addSifObject(path, partition, { timeSeconds: 1 }))).toBe("E_SIF_INVALID");
  await deleteSifObject(path, 1, { timeSeconds: 1 });
  expect(await architectureOf(path)).toBe("unknown");
  await addSifObject(path, partition, { timeSeconds: 1 });

  expect(await architectureOf(path)).toBe("amd64");
});

test("impossible requests are refused with a code", async () => {
  const { path } = await write("codes.sif", [definition]);
  await using sif = await openSif(path);

  expect(() => sif.primaryPartition()).toThrow(/no primary partition/);
  expect(() => sif.object(9)).toThrow(/no object has the id 9/);
  expect(await codeOf(deleteSifObject(path, 9, { timeSeconds: 1 }))).toBe("E_SIF_NO_OBJECT");
  expect(await codeOf(write("two.sif", [partition, partition]))).toBe("E_SIF_INVALID");
  expect(await codeOf(write("name.sif", [{ ...json, name: "x".repeat(128) }]))).toBe("E_SIF_INVALID");
  expect(await codeOf(write("group.sif", [{ ...json, groupId: 2 ** 28 }]))).toBe("E_SIF_INVALID");
  expect(await codeOf(sif.readBytes(1, 3))).toBe("E_LIMIT_EXCEEDED");
  expect(() => uuidFromContent("12")).toThrow(/hexadecimal/);
});

test("a full descriptor table refuses another object", async () => {
  const path = join(folder, "full.sif");
  await writeSif(path, { objects: [json, json], descriptorsTotal: 2, uuid, createdSeconds: 0 });

  expect(await codeOf(addSifObject(path, json, { timeSeconds: 1 }))).toBe("E_SIF_INVALID");
});

test("a UUID from content is a valid one of version 8", () => {
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a SIF cut at any place is refused as truncated", async () => {
  const { path } = await write("cut.sif", [definition, partition]);
  const whole = await readFile(path);
  for (const length of [0, 1, 31, 41, 127, 128, 4095, 4096, 4097, 10_000, 32_175, 32_180, 36_864, whole.length - 1]) {
    await writeFile(path, whole);
    await truncate(path, length);

    expect(await codeOf(openSif(path)), `cut at ${length}`).toBe("E_SIF_TRUNCATED");
  }
});

test("any changed byte gives a SIF or a coded error, never a crash", async () => {
  const { path } = await write("mutated.sif", [definition, json, partition]);
  const whole = await readFile(path);
  const offsets = fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 4096, max: 4096 + 4 * 585 }));
  const changes = fc.array(fc.tuple(offsets, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });

  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const changed = Buffer.from(whole);
      for (const [offset, value] of list) changed[offset] = value;
      await writeFile(path, changed);
      const code = await codeOf(readEverything(path));
      expect(["no error", "E_SIF_INVALID", "E_SIF_TRUNCATED", "E_LIMIT_EXCEEDED"]).toContain(code);
    }),
    { numRuns: 300 },
  );
});

test("any list of objects is read back as it was written", async () => {
  const object = fc.record({
    kind: fc.constantFrom<SifObjectSource["kind"]>({ type: "json" }, { type: "labels" }, { type: "oci-blob" }),
    content: fc.uint8Array({ maxLength: 3000 }),
    name: fc.string({ maxLength: 30 }).filter((name) => !name.includes("\0")),
    groupId: fc.constantFrom<"none" | number>("none", 1, 5),
    alignmentBytes: fc.constantFrom(1, 8, 512, 4096),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(object, { maxLength: 8 }), async (objects) => {
      const { path } = await write("property.sif", objects);
      await using sif = await openSif(path);
      for (const [index, expected] of objects.entries()) {
        const found = sif.object(index + 1);
        expect([found.name, found.groupId ?? "none"]).toEqual([expected.name, expected.groupId]);
        expect(found.offset % expected.alignmentBytes).toBe(0);
        expect(new Uint8Array(await sif.readBytes(index + 1))).toEqual(expected.content);
      }
      const copy = join(folder, "property-copy.sif");
      const copied = sif.descriptors.map(({ id }) => objectSourceOf(sif, id));
      await writeSif(copy, { objects: copied, uuid, createdSeconds: 1_700_000_000 });
      expect((await readFile(copy)).equals(await readFile(path))).toBe(true);
    }),
    { numRuns: 25 },
  );
});

function run(command: string, args: readonly string[]): Promise<{ ok: boolean; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, [...args], { encoding: "utf8" }, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, stderr });
    });
  });
}
const apptainer = (...args: string[]): ReturnType<typeof run> => run("apptainer", args);
const hasApptainer = (await run("apptainer", ["--version"])).ok;

test.runIf(hasApptainer)("what apptainer's sif commands write is copied byte for byte", async () => {
  const path = join(folder, "theirs.sif");
  const data = join(folder, "data.bin");
  await writeFile(data, new Uint8Array(5000).fill(3));
  await apptainer("sif", "new", path);
  await apptainer("sif", "add", "--datatype", "7", path, data);
  await apptainer("sif", "add", "--datatype", "4", "--partarch", "2", "--partfs", "1", "--parttype", "2", path, data);
  await apptainer("sif", "add", "--datatype", "6", "--groupid", "2", "--link", "1", path, data);
  await apptainer("sif", "add", "--datatype", "9", "--sbomformat", "spdx-json", path, data);
  const entity = "433FE984155206BD962725E20E8713472A879943";
  await apptainer("sif", "add", "--datatype", "5", "--signhash", "1", "--signentity", entity, path, data);

  await using sif = await openSif(path);
  const { launch, uuid: theirUuid, createdSeconds, modifiedSeconds } = sif.header;
  const objects = sif.descriptors.map(({ id }) => objectSourceOf(sif, id));
  const copy = join(folder, "ours.sif");
  await writeSif(copy, { objects, launch, uuid: theirUuid, createdSeconds, modifiedSeconds });

  expect(sif.descriptors).toHaveLength(5);
  expect(sif.object(4).sbomFormat).toBe("spdx-json");
  expect(sif.object(5).signature).toEqual({ hash: "sha256", fingerprintHex: entity.toLowerCase() });
  expect(sif.object(3)).toMatchObject({ groupId: 2, link: { kind: "object", id: 1 } });
  expect((await readFile(copy)).equals(await readFile(path))).toBe(true);
});

test.runIf(hasApptainer)("apptainer lists, dumps and changes what we wrote", async () => {
  const { path } = await write("listed.sif", [definition, json, partition]);
  await addSifObject(path, { ...json, kind: { type: "sbom", sbomFormat: "spdx-json" } }, { timeSeconds: 1 });

  const list = await apptainer("sif", "list", path);
  const header = await apptainer("sif", "header", path);
  const dump = await apptainer("sif", "dump", "2", path);
  const deleted = await apptainer("sif", "del", "2", path);

  expect(list.stdout).toMatch(/FS \(Squashfs\/\*System\/amd64\)/);
  expect(list.stdout).toMatch(/SBOM/i);
  expect(header.stdout).toContain(uuid);
  expect(dump.stdout).toBe('{"a":1}');
  expect(deleted.ok).toBe(true);
  await using sif = await openSif(path);
  expect(sif.descriptors.map(({ id }) => id)).toEqual([1, 3, 4]);
});
