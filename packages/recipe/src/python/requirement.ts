import { satisfies, validRange } from "@renovatebot/pep440";

/** A requirement of PEP 508: a named distribution with versions or an address. */
export interface Requirement {
  /** As written. */
  readonly name: string;
  readonly extras: readonly string[];
  /** PEP 440 specifiers such as `>=1.2,<2`; empty for any version. */
  readonly specifier: string;
  /** What follows `@`: a URL, a VCS URL or a `file:` URL. */
  readonly url?: string;
  /** The environment marker, unparsed. */
  readonly marker?: string;
}

const namePattern = /^(?<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?<extras>[^\]]*)\])?\s*(?<rest>.*)$/s;

/**
 * Reads `name[extras] specifier ; marker` or `name[extras] @ url ; marker`.
 * @returns the requirement, or the sentence that says what is wrong with the text
 * Source: PEP 508; `packaging.requirements`
 */
export function parseRequirement(text: string): Requirement | string {
  const groups = namePattern.exec(text.trim())?.groups;
  const name = groups?.["name"];
  if (name === undefined) return `"${text}" does not start with the name of a package`;
  const extras = (groups?.["extras"] ?? "").split(",").map((extra) => extra.trim());
  const invalidExtra = extras.find(
    (extra) => extra !== "" && !/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(extra),
  );
  if (invalidExtra !== undefined) return `"${invalidExtra}" is not the name of an extra`;
  const named = { name, extras: extras.filter((extra) => extra !== "") };
  const rest = groups?.["rest"] ?? "";
  return rest.startsWith("@") ? withUrl(named, rest.slice(1).trim()) : withSpecifier(named, rest);
}

type Named = Pick<Requirement, "name" | "extras">;

/** In a URL a semicolon may stand, so a marker needs white space before it. */
function withUrl(named: Named, text: string): Requirement | string {
  const separator = text.search(/\s;/);
  const url = (separator < 0 ? text : text.slice(0, separator)).trim();
  if (url === "" || /\s/.test(url)) return `"${text}" is not a URL`;
  return withMarker({ ...named, specifier: "", url }, separator < 0 ? undefined : text.slice(separator + 2));
}

function withSpecifier(named: Named, text: string): Requirement | string {
  const separator = text.indexOf(";");
  const written = (separator < 0 ? text : text.slice(0, separator)).trim();
  const specifier = written.replace(/^\((?<inner>.*)\)$/s, "$<inner>").trim();
  if (!isSpecifier(specifier)) return `"${specifier}" after "${named.name}" is not a version specifier of PEP 440`;
  return withMarker({ ...named, specifier }, separator < 0 ? undefined : text.slice(separator + 1));
}

function withMarker(requirement: Requirement, marker: string | undefined): Requirement | string {
  if (marker === undefined) return requirement;
  if (marker.trim() === "") return `"${requirement.name}" has a semicolon without an environment marker`;
  return { ...requirement, marker: marker.trim() };
}

/** Whether a text is a comma-separated list of PEP 440 specifiers; the empty one allows every version. */
export function isSpecifier(text: string): boolean {
  const clauses = text.split(",").map((clause) => clause.trim());
  // `===` compares text and is allowed with anything; the library only knows versions.
  const parsed = clauses.filter((clause) => clause !== "" && !clause.startsWith("==="));
  return parsed.every((clause) => /^(~=|==|!=|<=|>=|<|>)/.test(clause) && validRange(clause));
}

/** Whether a full version such as `3.12.4` lies in a specifier; pre-releases count. */
export function specifierAllows(specifier: string, version: string): boolean {
  return specifier.trim() === "" || satisfies(version, specifier, { prereleases: true });
}

/** The name that PEP 503 compares by. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

/** Writes a requirement in one canonical form. */
export function formatRequirement(requirement: Requirement): string {
  const extras = requirement.extras.length === 0 ? "" : `[${requirement.extras.join(",")}]`;
  const target = requirement.url === undefined ? requirement.specifier : ` @ ${requirement.url}`;
  const marker = requirement.marker === undefined ? "" : ` ; ${requirement.marker}`;
  return `${requirement.name}${extras}${target}${marker}`;
}
