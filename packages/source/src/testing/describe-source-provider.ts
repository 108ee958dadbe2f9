import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Checkout } from "../checkout/checkout.ts";
import type { SourceMirrors } from "../http/public-addresses.ts";
import type { SourceContext, SourceRequest } from "../provider/port.ts";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { cutAfter, type ApiServer } from "./api-server.ts";
import { createFastClock } from "./fast-clock.ts";
import { makeTestFolder, testContext } from "./git-fixtures.ts";

/** One record of a provider, on a server that answers as the provider's does. */
export interface ProviderFixture {
  readonly server: ApiServer;
  /** What leads the provider's public addresses to the server. */
  readonly mirrors: SourceMirrors;
  /** Spellings that all mean the same state of the record; the first is the usual one. */
  readonly specs: readonly [string, ...string[]];
  /** A spec of the same form for a record that the server does not have. */
  readonly missing: string;
  readonly expected: {
    readonly provider: string;
    readonly name: string;
    readonly revision: string;
    readonly url: string;
    readonly commitTimeSeconds: number | undefined;
  };
  /** Contents of all files of the checkout, by path; one of them in the folder `sub` unless `hasFolders` is false. */
  readonly files: Readonly<Record<string, string>>;
  /** A ref that the record has, and the revision it means; undefined when the provider has none. */
  readonly ref?: { readonly spec: string; readonly ref: string; readonly revision: string };
  /** Path, on the server, of a file of the record. */
  readonly download: string;
  /** Whether the provider says what the file's checksum or size is. */
  readonly isVerified: boolean;
  /** Whether records can have folders; true when left out. */
  readonly hasFolders?: boolean;
}

/** Everything that a provider over HTTP must hold, whatever its archive is like. */
export function describeSourceProvider(name: string, make: () => Promise<ProviderFixture>): void {
  describe(`source provider: ${name}`, () => {
    let fixture: ProviderFixture;
    let folder = "";
    let context: SourceContext & { readonly notices: string[] };
    beforeEach(async () => {
      fixture = await make();
      folder = await makeTestFolder();
      context = { ...testContext(folder), mirrors: fixture.mirrors, clock: createFastClock() };
    });
    afterEach(async () => {
      await fixture.server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    let count = 0;
    const open = async (text: string, request: SourceRequest = {}, more: Partial<SourceContext> = {}) => {
      const all = { ...context, ...more };
      const source = await resolveSource(parseSpec(text, { cwd: folder }), request, all);
      return fetchCheckout(source, join(folder, `checkout-${++count}`), all);
    };
    const contentOf = async (checkout: Checkout): Promise<Record<string, string>> => {
      const files = (await checkout.files()).filter(({ type }) => type === "file");
      const read = files.map(async ({ path }) => [path, await readFile(join(checkout.directory, path), "utf8")]);
      return Object.fromEntries(await Promise.all(read)) as Record<string, string>; // pairs of two texts
    };
    /** Answers the first request of a path by a fault. */
    const failOnce = (path: string, fault: ApiServer["fault"]): void => {
      let isDone = false;
      fixture.server.fault = (request, response) => {
        if (isDone || request.url !== path) return false;
        isDone = true;
        return fault(request, response);
      };
    };

    test("tells its places by their form, without a request, and its printed form means the same", () => {
      for (const text of fixture.specs) {
        const spec = parseSpec(text, { cwd: folder });
        const again = parseSpec(spec.shown, { cwd: folder });
        expect(again).toMatchObject({ provider: spec.provider, shown: spec.shown, name: spec.name });
        expect(spec.name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
      }
      expect(fixture.server.requests).toEqual([]);
    });

    test("every spelling leads to the same state", async () => {
      for (const text of fixture.specs) {
        const source = await resolveSource(parseSpec(text, { cwd: folder }), {}, context);
        const { commitTimeSeconds: _, ...facts } = fixture.expected;
        expect({ text, ...source }).toMatchObject({ text, ...facts, ref: undefined });
      }
    });

    test("brings the files, equal in every folder, and says where they are from", async () => {
      const [first, second] = [await open(fixture.specs[0]), await open(fixture.specs[0])];

      expect(await contentOf(first)).toEqual(fixture.files);
      expect(first).toMatchObject({ ...fixture.expected, isDirty: false, commit: undefined });
      expect(await first.contentDigest()).toBe(await second.contentDigest());
      expect(context.notices).toEqual([]);
    });

    test("takes a folder of it, and names the folders when it has no such one", async () => {
      if (fixture.hasFolders === false) {
        await expect(open(fixture.specs[0], { subdir: "sub" })).rejects.toMatchObject({ code: "E_SUBDIR_NOT_FOUND" });
        return;
      }
      const checkout = await open(fixture.specs[0], { subdir: "sub" });

      expect(Object.keys(await contentOf(checkout)).length).toBeGreaterThan(0);
      await expect(open(fixture.specs[0], { subdir: "nowhere" })).rejects.toMatchObject({
        code: "E_SUBDIR_NOT_FOUND",
        hint: expect.stringContaining("sub/"),
      });
    });

    test("takes a ref for the version it names, or says that there are none", async () => {
      if (fixture.ref === undefined) {
        await expect(open(fixture.specs[0], { ref: "main" })).rejects.toMatchObject({ code: "E_USAGE" });
        return;
      }
      const { spec, ref, revision } = fixture.ref;
      const source = await resolveSource(parseSpec(spec, { cwd: folder }), { ref }, context);
      expect(source.revision).toBe(revision);
    });

    test("a record that is not there is told with its address", async () => {
      await expect(open(fixture.missing)).rejects.toMatchObject({
        code: "E_SOURCE_NOT_FOUND",
        message: expect.stringMatching(/127\.0\.0\.1|DOI/),
      });
    });

    test("a server that is busy, then breaks off, is asked again", async () => {
      await open(fixture.specs[0]);
      const paths = [...new Set(fixture.server.requests.map(({ path }) => path))];
      for (const path of paths) {
        failOnce(path, (_, response) => (response.writeHead(503, { "retry-after": "1" }).end(), true));
        await open(fixture.specs[0]);
        failOnce(path, (request) => (request.socket.destroy(), true));
        await open(fixture.specs[0]);
      }
      const route = fixture.server.routes.get(fixture.download);
      const bytes = typeof route === "object" && route.body instanceof Uint8Array ? route.body : Buffer.from("");
      failOnce(fixture.download, (_, response) => (cutAfter(response, bytes, bytes.length / 2), true));
      expect(await contentOf(await open(fixture.specs[0]))).toEqual(fixture.files);
    });

    test("content that is not what was announced is refused", async () => {
      const wrong = Buffer.from("something else");
      fixture.server.routes.set(fixture.download, { body: wrong, headers: { "content-type": "application/zip" } });

      if (fixture.isVerified) {
        await expect(open(fixture.specs[0])).rejects.toMatchObject({ code: expect.stringMatching(/CHECKSUM|ARCHIVE/) });
      } else {
        expect(Object.values(await contentOf(await open(fixture.specs[0])))).toContain(wrong.toString());
      }
    });

    test("stops at the limit of bytes", async () => {
      await expect(open(fixture.specs[0], {}, { maxBytes: 2 })).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    });

    test("an abort passes through untouched", async () => {
      const controller = new AbortController();
      fixture.server.fault = () => (controller.abort(), true);

      const { signal } = controller;
      await expect(open(fixture.specs[0], {}, { signal })).rejects.toMatchObject({ name: "AbortError" });
    });

    test("refuses access with a coded error, and shows no secret of the spec", async () => {
      fixture.server.fault = (_, response) => (response.writeHead(403).end(), true);
      const error: unknown = await open(fixture.specs[0]).catch((caught: unknown) => caught);

      expect(error).toMatchObject({ code: expect.stringMatching(/^E_SOURCE_(?:AUTH|NOT_FOUND)$/) });
      expect(inspect(error)).not.toMatch(/password|s3cret/);
    });
  });
}
