import { redactUrl } from "@repo2singularity/base";
import type { SourceProvider } from "../../provider/port.ts";
import { tryParseGitUrl } from "../git-url.ts";
import { tryParseBrowserPage } from "./browser-page.ts";
import { tryParseShortForm } from "./short-form.ts";

/** Short forms (`gh:owner/repo@ref`) and pasted pages of forges: further spellings of git repositories. */
export const forgeProvider: SourceProvider = {
  name: "forge",
  detect: (text) => {
    const place = tryParseShortForm(text) ?? tryParseBrowserPage(text);
    const url = place === undefined ? undefined : tryParseGitUrl(place.url);
    if (place === undefined || url === undefined) return undefined;
    const { name, part } = place;
    return {
      provider: "git",
      shown: place.shortForm ?? redactUrl(text),
      name,
      resolve: async (request, context) => {
        const { resolveForge } = await import("./resolve-forge.ts");
        return resolveForge({ url, name, shownUrl: url.shown }, part, request, context);
      },
    };
  },
};
