import fc from "fast-check";
import { isAppError } from "@repo2singularity/base";
import { expect, test } from "vitest";
import type { Spec } from "../provider/port.ts";
import { parseSpec } from "./parse-spec.ts";

const tryParse = (text: string): Spec | undefined => {
  try {
    return parseSpec(text, { cwd: "/nonexistent" });
  } catch (error) {
    expect(isAppError(error)).toBe(true);
    return undefined;
  }
};

/** Texts that are, or nearly are, what providers look for. */
const nearSpecs = fc
  .tuple(
    fc.constantFrom(
      "gh:",
      "gl:",
      "bb:",
      "gitea:",
      "hf:",
      "gist:",
      "hg+https://",
      "doi:",
      "DOI: ",
      "10.5281/",
      "https://doi.org/10.",
      "swh:1:",
      "swh:1:dir:",
      "https://zenodo.org/records/",
      "https://figshare.com/articles/",
      "https://github.com/",
      "https://h.org/",
      "https://h.org/dataset/",
      "https://h.org/dataset.xhtml?persistentId=",
      "https://h.org/file.xhtml?fileId=",
      "https://www.hydroshare.org/resource/",
      "https://hg.h.org/",
      "git@h:",
      "https://gist.github.com/",
    ),
    fc.oneof(
      fc.webPath(),
      fc.string({ unit: "binary-ascii" }),
      fc.string({ unit: "grapheme" }),
      fc.stringMatching(/^[a-f0-9]{40}(?:;.*)?$/),
      fc.stringMatching(/^[\w.%-]{1,12}(?:\/[\w.%@-]{0,12}){0,5}$/),
      fc.stringMatching(/^doi:10\.\d{4}\/[\w&#%?+ ]{1,12}$/),
    ),
    fc.constantFrom(
      "",
      "/",
      ".zip",
      ".tar.gz#sha256=00",
      "@main",
      "/tree/a/b",
      "/-/blob/x",
      "?version=1.0",
      "#x",
      "%",
      "%2F",
    ),
  )
  .map((parts) => parts.join(""));

test("whatever is typed is a spec or a coded error, and what a spec prints means the same spec", () => {
  fc.assert(
    fc.property(fc.oneof(nearSpecs, fc.webUrl({ withQueryParameters: true, withFragments: true })), (text) => {
      const spec = tryParse(text);
      if (spec === undefined) return;
      expect(spec.name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
      const again = tryParse(spec.shown);
      expect({ text, shown: again?.shown, provider: again?.provider, name: again?.name }).toEqual({
        text,
        shown: spec.shown,
        provider: spec.provider,
        name: spec.name,
      });
    }),
    { numRuns: 3000 },
  );
});

test("every spelling of a DOI is the same one", () => {
  const suffix = fc.stringMatching(/^[a-zA-Z0-9][\w.;()/:<>+%[\]-]{0,30}[a-zA-Z0-9]$/);
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 99_999 }), suffix, (registrant, end) => {
      fc.pre(!/%[0-9a-f]{2}/i.test(end)); // such a suffix cannot be told from an encoded one
      const doi = `10.${registrant}/${end}`;
      const encoded = encodeURIComponent(doi);
      const spellings = [
        doi,
        `doi:${doi}`,
        `DOI:${doi}`,
        `Doi: ${doi}`,
        `doi:${encoded}`,
        `urn:doi:${doi}`,
        `info:doi/${doi}`,
        `https://doi.org/${encoded}`,
        `http://dx.doi.org/${encoded}`,
        `HTTPS://DOI.ORG/${encoded}?x=1#y`,
        `doi.org/${encoded}`,
        `https://www.doi.org/${encoded}`,
      ];
      for (const text of spellings)
        expect(tryParse(text)).toMatchObject({ provider: "doi", shown: tryParse(doi)?.shown });
    }),
    { numRuns: 300 },
  );
});
