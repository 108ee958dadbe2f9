import type { SourceProvider } from "../provider/port.ts";

/** An article of Figshare, which is what it calls its records. */
export interface FigshareArticle {
  readonly id: string;
  /** The newest when undefined. */
  readonly version: string | undefined;
}

const host = /^(?:[\w-]+\.)?figshare\.com$/i;

/** Articles of figshare.com and of the institutions it hosts (`NAME.figshare.com`). */
export const figshareProvider: SourceProvider = {
  name: "figshare",
  detect: (text) => {
    const article = tryParseArticle(text);
    if (article === undefined) return undefined;
    const { id, version } = article;
    return {
      provider: "figshare",
      shown: `https://figshare.com/articles/_/${id}${version === undefined ? "" : `/${version}`}`,
      name: `figshare-${id}`,
      resolve: async (request, context) => {
        const { resolveFigshare } = await import("./resolve-figshare.ts");
        return resolveFigshare(article, request, context);
      },
    };
  },
};

/** `/[account/]articles/[KIND/]TITLE/ID[/VERSION]`; the title may be missing, or look like a number. */
function tryParseArticle(text: string): FigshareArticle | undefined {
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
