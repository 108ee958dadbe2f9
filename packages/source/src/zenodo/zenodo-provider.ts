import type { SourceProvider } from "../provider/port.ts";

const archives: readonly { readonly pattern: RegExp; readonly base: string; readonly archive: string }[] = [
  { pattern: invenioPattern(String.raw`(?:www\.)?zenodo\.org`), base: "https://zenodo.org", archive: "zenodo" },
  {
    pattern: invenioPattern(String.raw`sandbox\.zenodo\.org`),
    base: "https://sandbox.zenodo.org",
    archive: "zenodo-sandbox",
  },
  {
    pattern: invenioPattern(String.raw`data\.caltech\.edu`),
    base: "https://data.caltech.edu",
    archive: "caltechdata",
  },
];

/** `/record/ID`, `/records/ID` and `/doi/10.5281/zenodo.ID`, whatever comes behind the identifier. */
function invenioPattern(host: string): RegExp {
  const id = String.raw`(?:records?\/|doi\/10\.\d+\/zenodo\.)(?<id>[a-z0-9]+(?:-[a-z0-9]+)*)`;
  return new RegExp(String.raw`^https?:\/\/${host}\/${id}(?:[/?#]|$)`, "i");
}

/** Records of Zenodo, its sandbox, and CaltechDATA, which run the same software. */
export const zenodoProvider: SourceProvider = {
  name: "zenodo",
  detect: (text) => {
    for (const { pattern, base, archive } of archives) {
      const id = pattern.exec(text)?.groups?.["id"]?.toLowerCase();
      if (id === undefined) continue;
      return {
        provider: "zenodo",
        shown: `${base}/records/${id}`,
        name: `${archive}-${id}`,
        resolve: async (request, context) => {
          const { resolveZenodo } = await import("./resolve-zenodo.ts");
          return resolveZenodo({ base, id, archive }, request, context);
        },
      };
    }
    return undefined;
  },
};
