/** Public addresses that sources come from; each can be led elsewhere by the `mirrors` table under its key. */
const publicAddresses = {
  doi: "https://doi.org",
  zenodo: "https://zenodo.org",
  zenodoSandbox: "https://sandbox.zenodo.org",
  caltechData: "https://data.caltech.edu",
  figshare: "https://api.figshare.com",
  figshareFiles: "https://ndownloader.figshare.com",
  hydroshare: "https://www.hydroshare.org",
  softwareHeritage: "https://archive.softwareheritage.org",
  dataverseInstallations: "https://iqss.github.io/dataverse-installations",
  github: "https://github.com",
  gist: "https://gist.github.com",
  gitlab: "https://gitlab.com",
  bitbucket: "https://bitbucket.org",
  codeberg: "https://codeberg.org",
  huggingFace: "https://huggingface.co",
} as const;

/** Where public addresses lead instead; one that is left out keeps its default. */
export type SourceMirrors = { readonly [Key in keyof typeof publicAddresses]?: string | undefined };

/**
 * The address that a public URL has under the mirrors.
 * @returns the URL as it is when no mirror stands for it
 */
export function mirroredUrl(url: string, mirrors: SourceMirrors): string {
  const pair = mirrorPairs(mirrors).find(([address]) => url === address || url.startsWith(`${address}/`));
  return pair === undefined ? url : pair[1] + url.slice(pair[0].length);
}

/** Public addresses with the mirrors that stand for them, both without a slash at the end. */
export function mirrorPairs(mirrors: SourceMirrors): readonly (readonly [address: string, mirror: string])[] {
  // the keys of a literal are those of its type
  const keys = Object.keys(publicAddresses) as (keyof typeof publicAddresses)[];
  return keys.flatMap((key) => {
    const mirror = mirrors[key];
    return mirror === undefined ? [] : [[publicAddresses[key], mirror.replace(/\/+$/, "")] as const];
  });
}
