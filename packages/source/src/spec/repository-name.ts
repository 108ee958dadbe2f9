const longestName = 100;

/**
 * A name for a repository's image from the last part of its path or URL: `.git` and slashes at the end are dropped,
 * characters that no image name may have become dashes.
 * @returns matches `[a-zA-Z0-9][a-zA-Z0-9_.-]+`; `repository` when nothing is left
 */
export function repositoryName(pathOrUrl: string): string {
  const path = pathOrUrl.replace(/[?#].*$/, "").replace(/\/+$/, "");
  const last = /[^/:]*$/.exec(path)?.[0] ?? "";
  const name = last
    .replace(/\.git$/i, "")
    .replaceAll(/[^a-zA-Z0-9_.-]+/g, "-")
    .replace(/^[^a-zA-Z0-9]+/, "")
    .slice(0, longestName)
    .replace(/[-.]+$/, "");
  if (name === "") return "repository";
  return name.length === 1 ? `repository-${name}` : name;
}
