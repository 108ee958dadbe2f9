import type { SourceProvider } from "../provider/port.ts";
import { tryParseArticle } from "./article.ts";

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
