/** Sections of an INI file: section name → key → value; keys before the first section stand under "". */
export type IniSections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Parses an INI file as Python's `RawConfigParser` reads pip's: `key = value` or `key: value`, comment lines
 * from `#` or `;`, an indented line continues the value before it. Keys are lower-cased with `_` as `-`.
 * Lines that fit nothing are passed over, because a host's setting must never stop a build.
 */
export function parseIni(text: string): IniSections {
  const sections = new Map<string, Map<string, string>>();
  let section = sectionOf(sections, "");
  let key: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const header = /^\[(?<name>[^\]]+)\]/.exec(line)?.groups?.["name"];
    if (header !== undefined) {
      section = sectionOf(sections, header.trim());
      key = undefined;
    } else if (/^\s/.test(line) && key !== undefined) {
      section.set(key, `${section.get(key) ?? ""}\n${line.trim()}`);
    } else {
      const pair = /^\s*(?<key>[^=:\s][^=:]*?)\s*[=:]\s*(?<value>.*?)\s*$/.exec(line)?.groups;
      key = pair?.["key"]?.toLowerCase().replaceAll("_", "-");
      if (key !== undefined) section.set(key, pair?.["value"] ?? "");
    }
  }
  return sections;
}

function sectionOf(sections: Map<string, Map<string, string>>, name: string): Map<string, string> {
  const found = sections.get(name) ?? new Map<string, string>();
  sections.set(name, found);
  return found;
}
