import type { SourceProvider, Spec } from "../provider/port.ts";
import { datasetName, pageOf, tryParsePlace, type DataversePlace } from "./dataverse-place.ts";

/** Datasets of every Dataverse installation: their pages are told by their form, so that no list has to be asked. */
export const dataverseProvider: SourceProvider = {
  name: "dataverse",
  detect: (text) => {
    const place = tryParsePlace(text);
    return place === undefined ? undefined : dataverseSpec(place);
  },
};

/** The spec of a place in an installation. */
export function dataverseSpec(place: DataversePlace): Spec {
  return {
    provider: "dataverse",
    shown: pageOf(place),
    name: datasetName(place.id),
    resolve: async (request, context) => {
      const { resolveDataverse } = await import("./resolve-dataverse.ts");
      return resolveDataverse(place, request, context);
    },
  };
}
