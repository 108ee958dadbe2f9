/** An article of Figshare, which is what it calls its records. */
export interface FigshareArticle {
  readonly id: string;
  /** The newest when undefined. */
  readonly version: string | undefined;
}

const host = /^(?:[\w-]+\.)?figshare\.com$/i;

/**
 * An article by the URL of its page, `/[account/]articles/[KIND/]TITLE/ID[/VERSION]`; the title may be missing, or look
 * like a number.
 * @returns undefined for any other text
 */
export function tryParseArticle(text: string): FigshareArticle | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { hostname, pathname } = new URL(text);
  const rest = /^\/(?:account\/)?articles\/(?<rest>.+?)\/*$/.exec(pathname)?.groups?.["rest"];
  if (!host.test(hostname) || rest === undefined) return undefined;
  const parts = rest.split("/");
  const isNumber = (index: number): boolean => /^\d+$/.test(parts[index] ?? "");
  const hasKind = parts.length === 4 || (parts.length === 3 && !isNumber(1));
  const at = (hasKind ? 1 : 0) + (parts.length === 1 ? 0 : 1);
  const [id, version] = [parts[at], parts[at + 1]];
  if (id === undefined || !isNumber(at) || (version !== undefined && !isNumber(at + 1))) return undefined;
  return { id, version };
}
