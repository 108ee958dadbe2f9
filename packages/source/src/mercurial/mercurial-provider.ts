import type { SourceProvider } from "../provider/port.ts";
import { repositoryName } from "../spec/repository-name.ts";
import { tryParseHgUrl } from "./hg-url.ts";

/** Mercurial repositories, through the host's `hg`: `hg+https://…`, and hosts called `hg.…`. */
export const mercurialProvider: SourceProvider = {
  name: "mercurial",
  detect: (text) => {
    const url = tryParseHgUrl(text);
    if (url === undefined) return undefined;
    const name = repositoryName(url.url);
    return {
      provider: "mercurial",
      shown: url.shown,
      name,
      resolve: async (request, context) => {
        const { resolveMercurial } = await import("./resolve-mercurial.ts");
        return resolveMercurial({ url, name, shownUrl: url.shown.replace(/^hg\+/, "") }, request, context);
      },
    };
  },
};
