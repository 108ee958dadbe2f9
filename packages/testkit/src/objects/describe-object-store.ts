import { isAppError } from "@repo2singularity/base";
import type { ObjectStore } from "@repo2singularity/store/objects";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokenAfter, inChunks, readAll, seededBytes } from "./object-content.ts";
import { describeObjectUploads } from "./describe-object-uploads.ts";

/**
 * The conformance suite of the port `ObjectStore`: every adapter passes it, at a real place.
 * @param open called once, before the first test, for an empty place
 * @param reopen a further handle on the same place, as another process would have it
 */
export function describeObjectStore(
  name: string,
  open: () => Promise<ObjectStore>,
  reopen: () => Promise<ObjectStore>,
): void {
  describe(`object store ${name}`, () => {
    let store: ObjectStore;

    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store[Symbol.asyncDispose]());

    const put = (at: string, content: Uint8Array | string): Promise<unknown> => store.write(at, inChunks(content));
    const text = async (at: string): Promise<string> => (await readAll(await store.read(at))).toString();
    const listed = async (prefix: string): Promise<readonly string[]> => {
      const names: string[] = [];
      for await (const info of store.list(prefix)) names.push(info.name);
      return names;
    };

    test("gives back what was written, with its length and time", async () => {
      const content = seededBytes(100_000, "round trip");
      const before = Date.now();

      const written = await store.write("round/trip", inChunks(content, 7_777), { sizeBytes: content.length });

      expect(written).toMatchObject({ name: "round/trip", sizeBytes: content.length });
      expect(await store.stat("round/trip")).toMatchObject({ name: "round/trip", sizeBytes: content.length });
      expect(Math.abs(written.modified.getTime() - before)).toBeLessThan(60_000);
      expect((await readAll(await store.read("round/trip"))).equals(content)).toBe(true);
    });

    test("holds an object without content", async () => {
      await store.write("empty", inChunks(""));

      expect(await store.stat("empty")).toMatchObject({ sizeBytes: 0 });
      expect(await text("empty")).toBe("");
      expect((await readAll(await store.read("empty", { range: { start: 0, end: 10 } }))).length).toBe(0);
    });

    test("says undefined for an object that is not there", async () => {
      expect(await store.stat("no/such")).toBeUndefined();
      expect(await store.read("no/such")).toBeUndefined();
      expect(await store.read("no/such", { range: { start: 5, end: 6 } })).toBeUndefined();
      await store.remove("no/such");
    });

    test("a part of a name is not an object", async () => {
      await put("folder/one", "1");

      expect(await store.stat("folder")).toBeUndefined();
      expect(await store.read("folder")).toBeUndefined();
    });

    test("any range is what the same slice of the whole would be", async () => {
      const content = seededBytes(5_000, "ranges");
      await put("ranges", content);
      const offset = fc.nat({ max: 6_000 });

      await fc.assert(
        fc.asyncProperty(offset, offset, async (a, b) => {
          const range = { start: Math.min(a, b), end: Math.max(a, b) };
          const part = await readAll(await store.read("ranges", { range }));
          expect(part.equals(content.subarray(range.start, range.end))).toBe(true);
        }),
        { numRuns: 30 },
      );
    });

    test("replaces the content, and who began to read reads the old one to its end or fails", async () => {
      const [old, fresh] = [seededBytes(3_000_000, "old"), seededBytes(3_000_000, "fresh")];
      await put("replaced", old);
      const reading = await store.read("replaced");
      await put("replaced", fresh);

      expect((await readAll(reading)).equals(old)).toBe(true);
      expect((await readAll(await store.read("replaced"))).equals(fresh)).toBe(true);
    });

    test("keeps the old object when the new content breaks off", async () => {
      await put("kept", "as it was");
      const failure = new Error("the line broke");

      await expect(store.write("kept", brokenAfter("half of", failure))).rejects.toBe(failure);

      expect(await text("kept")).toBe("as it was");
    });

    test.each([1, 9, 11])("refuses content of 10 bytes that was announced with %i", async (sizeBytes) => {
      await expect(store.write("announced", inChunks("0123456789", 3), { sizeBytes })).rejects.toSatisfy((error) =>
        isAppError(error, "E_OBJECT_SIZE"),
      );

      expect(await store.stat("announced")).toBeUndefined();
    });

    test("an abort passes through and leaves nothing", async () => {
      const stop = new AbortController();
      const content = async function* (): AsyncGenerator<Uint8Array> {
        yield* inChunks("some");
        stop.abort();
        yield* inChunks("more");
      };

      await expect(store.write("aborted", content(), { signal: stop.signal })).rejects.toMatchObject({
        name: "AbortError",
      });

      expect(await store.stat("aborted")).toBeUndefined();
    });

    test("lists by any beginning of a name, in the order of bytes", async () => {
      const names = ["list/b/x", "list/a", "list/b.z", "list/b/a/1", "list/B", "list/b-", "list/bb"];
      for (const each of names) await put(each, each);

      expect(await listed("list/")).toEqual(names.toSorted());
      expect(await listed("list/b")).toEqual(names.filter((each) => each.startsWith("list/b")).toSorted());
      expect(await listed("list/b/")).toEqual(["list/b/a/1", "list/b/x"]);
      expect(await listed("list/c")).toEqual([]);
      expect(await listed("")).toEqual(expect.arrayContaining(names));
    });

    test("lists each object with its length", async () => {
      await put("sized/a", "four");

      const infos = [];
      for await (const info of store.list("sized/")) infos.push(info);

      expect(infos).toMatchObject([{ name: "sized/a", sizeBytes: 4 }]);
    });

    test("removes an object, and its name can be a folder's then", async () => {
      await put("removed/a", "1");

      await store.remove("removed/a");
      expect(await store.stat("removed/a")).toBeUndefined();
      await put("removed", "2");

      expect(await text("removed")).toBe("2");
    });

    test("moves an object in place of another", async () => {
      await put("from/here", "moved");
      await put("to/there", "old");

      await store.move("from/here", "to/there");

      expect(await text("to/there")).toBe("moved");
      expect(await store.stat("from/here")).toBeUndefined();
      await expect(store.move("from/here", "to/there")).rejects.toSatisfy((error) =>
        isAppError(error, "E_OBJECT_NOT_FOUND"),
      );
      expect(await text("to/there")).toBe("moved");
    });

    test.each(["~tilde", "a b", "with:colon@and+plus", "ns/name/manifests/1.0%2f", "%41", "q?a=1&b=2#c", ".nojekyll"])(
      "takes the name %s as it is",
      async (each) => {
        await put(`names/${each}`, each);

        expect(await text(`names/${each}`)).toBe(each);
        expect(await listed(`names/${each}`)).toEqual([`names/${each}`]);
        await store.remove(`names/${each}`);
        expect(await store.stat(`names/${each}`)).toBeUndefined();
      },
    );

    test.each([
      "",
      "/a",
      "a/",
      "a//b",
      "a/../b",
      "..",
      ".",
      "a/./b",
      "a\\b",
      "a\nb",
      "ü",
      ".uploads/x",
      "x".repeat(901),
    ])("refuses the name %j", async (each) => {
      const refused = (error: unknown): boolean => isAppError(error, "E_OBJECT_NAME");
      await expect(store.write(each, inChunks("x"))).rejects.toSatisfy(refused);
      await expect(store.read(each)).rejects.toSatisfy(refused);
      await expect(store.stat(each)).rejects.toSatisfy(refused);
      await expect(store.remove(each)).rejects.toSatisfy(refused);
      await expect(store.startUpload(each)).rejects.toSatisfy(refused);
    });

    describeObjectUploads(() => store, reopen);
  });
}
