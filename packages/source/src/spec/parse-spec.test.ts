import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTestFolder } from "../testing/git-fixtures.ts";
import { parseSpec } from "./parse-spec.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await makeTestFolder();
  await mkdir(join(cwd, "owner/repo"), { recursive: true });
  await writeFile(join(cwd, "file.txt"), "");
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

test.each([
  ["https://github.com/owner/repo", "https://github.com/owner/repo", "repo"],
  ["https://gitlab.example.org/a/b/c.git/", "https://gitlab.example.org/a/b/c.git/", "c"],
  ["https://user:secret@example.org/x/y.git", "https://example.org/x/y.git", "y"],
  ["https://token@example.org/x/y", "https://example.org/x/y", "y"],
  ["http://127.0.0.1:8080/r.git", "http://127.0.0.1:8080/r.git", "r-"],
  ["ssh://git@example.org:2222/x/y.git", "ssh://git@example.org:2222/x/y.git", "y"],
  ["git@github.com:owner/my-repo.git", "git@github.com:owner/my-repo.git", "my-repo"],
  ["host-alias:some/path", "host-alias:some/path", "path"],
  ["git://example.org/x.git", "git://example.org/x.git", "x"],
  ["file:///srv/git/some.git", "file:///srv/git/some.git", "some"],
])("%s is a git URL", (text, shown, name) => {
  const spec = parseSpec(text, { cwd });

  expect(spec).toMatchObject({ provider: "git", shown });
  expect(spec.name.startsWith(name.replace(/-$/, "")) || spec.name === `repository-${name[0]}`).toBe(true);
});

test("a folder that exists is a folder, whatever else it could mean", () => {
  expect(parseSpec("owner/repo", { cwd })).toMatchObject({ provider: "directory", name: "repo" });
  expect(parseSpec(".", { cwd: join(cwd, "owner") })).toMatchObject({ provider: "directory", name: "owner" });
});

test.each([
  ["", "E_SPEC_INVALID", "empty"],
  ["--upload-pack=x", "E_SPEC_INVALID", "dash"],
  ["ext::sh -c touch% /tmp/x", "E_SPEC_INVALID", "helper"],
  ["EXT::sh", "E_SPEC_INVALID", "helper"],
  ["fd::17", "E_SPEC_INVALID", "helper"],
  ["https://example.org/a\nb", "E_SPEC_INVALID", "control"],
  ["ftp://example.org/x", "E_SPEC_INVALID", "ftp"],
  ["ssh://-oProxyCommand=x/repo", "E_SPEC_INVALID", ""],
  ["ssh://-x@example.org/repo", "E_SPEC_INVALID", "dash"],
  ["-oProxyCommand=x:repo", "E_SPEC_INVALID", "dash"],
  ["git@-oProxyCommand=x:repo", "E_SPEC_INVALID", "dash"],
  ["git@example.org:-x", "E_SPEC_INVALID", "dash"],
  ["https://example.org", "E_SPEC_INVALID", "no repository"],
  ["file://server/repo", "E_SPEC_INVALID", "three slashes"],
  ["file.txt", "E_SPEC_INVALID", "is a file"],
  ["./missing", "E_SOURCE_NOT_FOUND", "no such folder"],
  ["doi:zenodo.1234", "E_SPEC_INVALID", "not a DOI"],
  ["https://doi.org/abc", "E_SPEC_INVALID", "not a DOI"],
  ["swh:1:rev:0123", "E_SPEC_INVALID", "SWHID"],
  ["swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2", "E_SPEC_INVALID", "SWHID"],
])("%j is refused", (text, code, part) => {
  expect(() => parseSpec(text, { cwd })).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(part) }),
  );
});

test("a forgotten scheme or host is offered in the hint", () => {
  const hintOf = (text: string): unknown => {
    try {
      return parseSpec(text, { cwd });
    } catch (error) {
      return (error as { hint?: string }).hint;
    }
  };

  expect(hintOf("github.com/a/b")).toBe("write https://github.com/a/b");
  expect(hintOf("a/b")).toBe("for GitHub write https://github.com/a/b");
});

test("any text gives a spec or a coded error, and its name can name an image", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary-ascii" }),
        fc.webUrl(),
        fc.string().map((s) => `git@h:${s}`),
      ),
      (text) => {
        try {
          expect(parseSpec(text, { cwd }).name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^E_(?:SPEC_INVALID|SOURCE_NOT_FOUND|NOT_YET)$/) });
        }
      },
    ),
  );
});

test("a password in a URL is shown nowhere", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{12,20}$/), (secret) => {
      const specs = [`https://u:${secret}@h.org/r`, `https://${secret}@h.org/r`, `https://h.org/r?token=${secret}`];
      for (const text of specs) expect(inspect(parseSpec(text, { cwd }), { depth: 9 })).not.toContain(secret);
    }),
    { numRuns: 20 },
  );
});
