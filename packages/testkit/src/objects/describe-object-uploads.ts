import { isAppError } from "@repo2singularity/base";
import type { ObjectStore, ObjectUpload } from "@repo2singularity/store/objects";
import { expect, test } from "vitest";
import { brokenAfter, inChunks, readAll, seededBytes } from "./object-content.ts";

/** The part of the suite of `ObjectStore` that is about uploads in pieces. */
export function describeObjectUploads(handle: () => ObjectStore, reopen: () => Promise<ObjectStore>): void {
  /** The same upload as another process would find it. */
  const found = async (name: string, id: string): Promise<ObjectUpload> => {
    const upload = await (await reopen()).resumeUpload(name, id);
    if (upload === undefined) throw new Error(`the upload ${id} of ${name} is not found`);
    return upload;
  };

  test("an upload in pieces, each by another process, is seen when it is finished", async () => {
    const store = handle();
    const content = seededBytes(20_000_000, "pieces"); // several parts of object storage
    const { id } = await store.startUpload("pieces");
    const ends = [1, 1, 300_000, 8_400_000, 8_400_001, 20_000_000];

    let start = 0;
    for (const end of ends) {
      const upload = await found("pieces", id);
      expect(upload.sizeBytes).toBe(start);
      expect(await upload.append(inChunks(content.subarray(start, end)))).toBe(end);
      expect(upload.sizeBytes).toBe(end);
      start = end;
    }
    expect(await store.stat("pieces")).toBeUndefined();
    const info = await (await found("pieces", id)).finish();

    expect(info).toMatchObject({ name: "pieces", sizeBytes: content.length });
    expect((await readAll(await store.read("pieces"))).equals(content)).toBe(true);
    expect(await store.resumeUpload("pieces", id)).toBeUndefined();
  });

  test("what came before a break is kept", async () => {
    const store = handle();
    const upload = await store.startUpload("broken");
    const failure = new Error("the line broke");

    await expect(upload.append(brokenAfter("half ", failure))).rejects.toBe(failure);
    const again = await found("broken", upload.id);

    expect(again.sizeBytes).toBe(5);
    await again.append(inChunks("and half"));
    await again.finish();
    expect((await readAll(await store.read("broken"))).toString()).toBe("half and half");
  });

  test("an upload of nothing is an object without content", async () => {
    const store = handle();

    await (await store.startUpload("nothing")).finish();

    expect(await store.stat("nothing")).toMatchObject({ sizeBytes: 0 });
  });

  test("an upload that is given up is gone, and its object stays as it was", async () => {
    const store = handle();
    await store.write("given-up", inChunks("before"));
    const upload = await store.startUpload("given-up");
    await upload.append(inChunks("after"));

    await upload.abort();
    await upload.abort();

    expect(await store.resumeUpload("given-up", upload.id)).toBeUndefined();
    expect((await readAll(await store.read("given-up"))).toString()).toBe("before");
    await expect(upload.append(inChunks("more"))).rejects.toSatisfy((error) => isAppError(error, "E_OBJECT_NOT_FOUND"));
  });

  test("an upload is found under its own name and id alone", async () => {
    const store = handle();
    const upload = await store.startUpload("own/name");

    expect(await store.resumeUpload("other/name", upload.id)).toBeUndefined();
    for (const id of ["", ".", "..", "../own", "x".repeat(32), "0".repeat(32), `${upload.id}/data`, "a\nb"]) {
      expect(await store.resumeUpload("own/name", id)).toBeUndefined();
    }
    await upload.abort();
  });

  test("uploads are no objects", async () => {
    const store = handle();
    const upload = await store.startUpload("unseen");
    await upload.append(inChunks("x"));

    const names: string[] = [];
    for await (const info of store.list("")) names.push(info.name);
    await upload.abort();

    expect(names.filter((name) => name.includes("upload") || name === "unseen")).toEqual([]);
  });

  test("uploads that nobody touches any more are removed, others are not", async () => {
    const store = handle();
    const upload = await store.startUpload("stale");
    await upload.append(inChunks("x"));

    expect(await store.removeStaleUploads(new Date(Date.now() - 3_600_000))).toBe(0);
    expect((await found("stale", upload.id)).sizeBytes).toBe(1);
    expect(await store.removeStaleUploads(new Date(Date.now() + 3_600_000))).toBeGreaterThan(0);

    expect(await store.resumeUpload("stale", upload.id)).toBeUndefined();
  });
}
