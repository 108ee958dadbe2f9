const prefixes = /^(?:(?:https?:\/\/)?(?:(?:dx|www)\.)?doi\.org\/|info:doi\/|(?:urn:)?doi:\/{0,2})/i;
const doiForm = /^10\.\d{2,9}(?:\.\d+)*\/\S+$/;

/**
 * A digital object identifier out of any of its spellings: `10.5281/zenodo.1`, `doi:…`, `DOI: …`, `https://doi.org/…`,
 * `dx.doi.org/…`, `info:doi/…`, percent-encoded or not.
 * @returns `10.PREFIX/SUFFIX` with the letters as they were (they do not matter); undefined when it is none
 * Source: DOI Handbook, "2.2 Numbering"; CrossRef's display guidelines
 */
export function tryParseDoi(text: string): string | undefined {
  const prefix = prefixes.exec(text)?.[0] ?? "";
  const isUrl = /doi\.org\//i.test(prefix);
  const rest = text.slice(prefix.length).replace(/^(?:\s|\/)+/, "");
  const bare = isUrl ? rest.replace(/[?#].*$/s, "") : rest;
  const doi = /%[0-9a-f]{2}/i.test(bare) ? decode(bare) : bare;
  if (doi === undefined || !doiForm.test(doi)) return undefined;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(doi) ? undefined : doi;
}

/** A DOI as the path of a resolver's URL. */
export function encodeDoi(doi: string): string {
  return encodeURIComponent(doi).replaceAll("%2F", "/");
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
