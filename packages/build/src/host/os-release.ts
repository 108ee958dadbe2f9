/** The fields of os-release that builds use; empty texts where a field is missing. */
export interface OsRelease {
  readonly id: string;
  /** `ID_LIKE`: what the distribution is derived from. */
  readonly idLike: readonly string[];
  readonly codename: string;
  readonly prettyName: string;
}

/** Parses os-release: `NAME=value` lines in the quoting of a shell. Source: os-release(5). */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const { name, value } = /^(?<name>[A-Z0-9_]+)=(?<value>.*)$/.exec(line.trim())?.groups ?? {};
    if (name !== undefined && value !== undefined) values.set(name, value.replace(/^(["'])(.*)\1$/, "$2"));
  }
  return {
    id: values.get("ID") ?? "",
    idLike: (values.get("ID_LIKE") ?? "").split(/\s+/).filter((word) => word !== ""),
    codename: values.get("VERSION_CODENAME") ?? values.get("UBUNTU_CODENAME") ?? "",
    prettyName: values.get("PRETTY_NAME") ?? values.get("NAME") ?? "",
  };
}
