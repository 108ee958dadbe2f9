/** A section of an AWS file: its keys, and below some keys further ones that are indented under them. */
export interface IniSection {
  readonly values: ReadonlyMap<string, string>;
  readonly nested: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/**
 * Reads the text of `~/.aws/config` or `~/.aws/credentials` by the rules of the AWS CLI: `[section]`, `key = value`,
 * comments at the start of a line or after white space, and indented lines as keys below the last one.
 * Lines of no kind are passed over, as the CLI passes over keys that it does not know.
 * Source: AWS SDKs and Tools reference, "Shared config and credentials files".
 */
export function parseIni(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, { values: Map<string, string>; nested: Map<string, Map<string, string>> }>();
  let section: { values: Map<string, string>; nested: Map<string, Map<string, string>> } | undefined;
  let parent: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const header = /^\[(?<name>[^\]]+)\]/.exec(line)?.groups?.["name"];
    if (header !== undefined) {
      const name = header.trim().replaceAll(/\s+/g, " ");
      section = sections.get(name) ?? { values: new Map(), nested: new Map() };
      sections.set(name, section);
      parent = undefined;
      continue;
    }
    const entry = /^(?<indent>\s*)(?<key>[^=\s][^=]*?)\s*=\s*(?<value>.*?)(?:\s+[#;].*)?\s*$/.exec(line)?.groups;
    if (section === undefined || entry === undefined) continue;
    const { indent = "", key = "", value = "" } = entry;
    if (indent === "") {
      parent = key.toLowerCase();
      section.values.set(parent, value);
    } else if (parent !== undefined) {
      const below = section.nested.get(parent) ?? new Map<string, string>();
      section.nested.set(parent, below.set(key.toLowerCase(), value));
    }
  }
  return sections;
}
