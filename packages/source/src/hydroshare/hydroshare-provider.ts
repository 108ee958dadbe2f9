import type { SourceProvider } from "../provider/port.ts";

const resourcePage = /^https?:\/\/(?:www\.)?hydroshare\.org\/resource\/(?<id>[0-9a-f]{32})(?:[/?#]|$)/i;

/** Resources of HydroShare. */
export const hydroshareProvider: SourceProvider = {
  name: "hydroshare",
  detect: (text) => {
    const id = resourcePage.exec(text)?.groups?.["id"]?.toLowerCase();
    if (id === undefined) return undefined;
    return {
      provider: "hydroshare",
      shown: `https://www.hydroshare.org/resource/${id}`,
      name: `hydroshare-${id}`,
      resolve: async (request, context) => {
        const { resolveHydroshare } = await import("./resolve-hydroshare.ts");
        return resolveHydroshare(id, request, context);
      },
    };
  },
};
