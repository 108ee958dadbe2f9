/**
 * What names must be so that every client can ask for them: OCI wants lower case, `shub://` knows no dots in the first
 * part, and all of them are folders of a site.
 */
const patterns = {
  namespace: /^(?=.{1,39}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
  name: /^(?=.{1,64}$)[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
  tag: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
} as const;

const wishes = {
  namespace: "lower-case letters, digits and single dashes, at most 39",
  name: "lower-case letters and digits with single . _ or - between them, at most 64",
  tag: "letters, digits, _ . and -, at most 128",
} as const;

/** Folders and files that the site has itself where names would be. */
const reserved: Readonly<Record<keyof typeof patterns, readonly string[]>> = {
  namespace: ["api", "assets", "v1", "v2"],
  name: [],
  tag: ["index.html", "index.json"],
};

/** What is wrong with a name; undefined when nothing is. */
export function nameProblem(kind: keyof typeof patterns, name: string): string | undefined {
  if (reserved[kind].includes(name)) return `"${name}" cannot be a ${kind}: the site has a ${name} of its own`;
  return patterns[kind].test(name) ? undefined : `"${name}" cannot be a ${kind}: use ${wishes[kind]}`;
}
