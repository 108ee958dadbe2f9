/** One archive of an apt source: a line of `sources.list` or one URI and suite of a deb822 stanza. */
export interface AptSource {
  /** Root of the archive; may hold credentials. */
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** A file of apt sources with its absolute path, which tells its format by its ending. */
export interface AptSourcesFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Lists the binary archives of a sources file in either format; disabled stanzas, source packages and
 * lines that fit nothing are passed over.
 * Source: sources.list(5).
 */
export function parseAptSources(file: AptSourcesFile): readonly AptSource[] {
  return file.path.endsWith(".sources") ? parseStanzas(file.text) : parseLines(file.text);
}

/** The file with every archive's URI replaced by what `replace` gives for it and its suites; all else stays. */
export function rewriteAptSources(
  file: AptSourcesFile,
  replace: (uri: string, suite: string) => string | undefined,
): string {
  return file.path.endsWith(".sources") ? rewriteStanzas(file.text, replace) : rewriteLines(file.text, replace);
}

const oneLine = /^(?<start>\s*deb\s+(?:\[[^\]]*\]\s+)?)(?<uri>\S+)(?<gap>\s+)(?<suite>\S+)(?<rest>[^#]*)/;

function parseLines(text: string): readonly AptSource[] {
  return text.split("\n").flatMap((line) => {
    const { uri, suite, rest } = oneLine.exec(line)?.groups ?? {};
    if (uri === undefined || suite === undefined) return [];
    return [{ uri: withoutSlash(uri), suite, components: wordsOf(rest) }];
  });
}

function rewriteLines(text: string, replace: (uri: string, suite: string) => string | undefined): string {
  return text
    .split("\n")
    .map((line) => {
      const match = oneLine.exec(line);
      const { start, uri, suite } = match?.groups ?? {};
      if (start === undefined || uri === undefined || suite === undefined) return line;
      const replacement = replace(withoutSlash(uri), suite);
      return replacement === undefined ? line : `${start}${replacement}${line.slice(start.length + uri.length)}`;
    })
    .join("\n");
}

function parseStanzas(text: string): readonly AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = stanzaFields(stanza);
    if (!wordsOf(fields.get("types")).includes("deb") || /^(?:no|false|0)$/i.test(fields.get("enabled") ?? ""))
      return [];
    const components = wordsOf(fields.get("components"));
    return wordsOf(fields.get("uris")).flatMap((uri) =>
      wordsOf(fields.get("suites")).map((suite) => ({ uri: withoutSlash(uri), suite, components })),
    );
  });
}

/** A stanza's URIs are shared by its suites, so they are replaced by what the first suite asks for. */
function rewriteStanzas(text: string, replace: (uri: string, suite: string) => string | undefined): string {
  return text
    .split(/(?<=\n)(?=\s*\n)/)
    .map((stanza) => {
      const suite = wordsOf(stanzaFields(stanza).get("suites"))[0];
      if (suite === undefined) return stanza;
      return stanza.replace(/^(?<name>URIs:)(?<uris>.*(?:\n[ \t]+\S.*)*)/im, (_whole, name: string, uris: string) => {
        const replaced = wordsOf(uris).map((uri) => replace(withoutSlash(uri), suite) ?? uri);
        return `${name} ${[...new Set(replaced)].join(" ")}`;
      });
    })
    .join("");
}

function stanzaFields(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let name: string | undefined;
  for (const line of stanza.split("\n")) {
    if (line.startsWith("#")) continue;
    const field = /^(?<name>[A-Za-z-]+):(?<value>.*)$/.exec(line)?.groups;
    if (field?.["name"] !== undefined) name = field["name"].toLowerCase();
    const value = field?.["value"] ?? (/^[ \t]/.test(line) ? line : undefined);
    if (name !== undefined && value !== undefined) fields.set(name, `${fields.get(name) ?? ""} ${value}`.trim());
  }
  return fields;
}

function wordsOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

function withoutSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}
