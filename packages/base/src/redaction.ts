import { inspect } from "node:util";

/** A value that prints as stars wherever it is shown; `reveal()` is the only way to the text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that hands it to its user. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "****";
  }

  toJSON(): string {
    return "****";
  }

  [inspect.custom](): string {
    return "Secret(****)";
  }
}

/** Query keys that are shown; the value of every other key may be a credential. */
const shownQueryKeys = new Set([
  "ref",
  "path",
  "page",
  "service",
  "scope",
  "arch",
  "tag",
  "version",
  "persistentId",
  "activity_id",
]);

/**
 * A URL without user info and with the values of unknown query keys starred.
 * Text that is no URL, such as the `git@host:path` form, comes back as it is.
 */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username !== "" || parsed.password !== "") {
    parsed.username = parsed.protocol === "ssh:" ? parsed.username : "";
    parsed.password = "";
  }
  for (const key of new Set(parsed.searchParams.keys())) {
    if (!shownQueryKeys.has(key)) parsed.searchParams.set(key, "****");
  }
  return parsed.toString();
}

const urlWithUserInfo = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@'"]+@/gi;

/** A text, such as a program's output, in which the user info of every URL is starred. */
export function redactText(text: string): string {
  return text.replaceAll(urlWithUserInfo, "$1****@");
}
