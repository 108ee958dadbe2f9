/**
 * Reads the small XML documents that object storage answers with: elements without attributes that matter, no
 * comments, no CDATA. Source: Amazon S3 API reference; also what Swift, Ceph and MinIO write.
 */

/** The text of the first element of that name, entities resolved; undefined when there is none. */
export function xmlText(xml: string, name: string): string | undefined {
  const inner = xmlElements(xml, name)[0];
  return inner === undefined ? undefined : unescapeXml(inner);
}

/** What stands inside each element of that name, in order. */
export function xmlElements(xml: string, name: string): readonly string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^<>]*)?(?:/>|>(?<inner>[\\s\\S]*?)</${name}>)`, "g");
  return [...xml.matchAll(pattern)].map((match) => match.groups?.["inner"] ?? "");
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(?:#(?<decimal>\d{1,7})|#x(?<hex>[0-9a-fA-F]{1,6})|(?<name>\w+));/g, (...found) => {
    // the last argument of a replacer is the groups when there are some
    const { decimal, hex, name } = found.at(-1) as Record<string, string | undefined>;
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    if (name !== undefined) return entities[name] ?? `&${name};`;
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : "\u{FFFD}";
  });
}

/** The body that ends an upload in parts. @param etags of the parts, the first is number 1 */
export function completeUploadXml(etags: readonly string[]): string {
  const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const parts = etags.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`);
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</CompleteMultipartUpload>`;
}
