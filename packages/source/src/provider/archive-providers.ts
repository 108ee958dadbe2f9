import { ckanProvider } from "../ckan/ckan-provider.ts";
import { dataverseProvider } from "../dataverse/dataverse-provider.ts";
import { figshareProvider } from "../figshare/figshare-provider.ts";
import { hydroshareProvider } from "../hydroshare/hydroshare-provider.ts";
import { softwareHeritageProvider } from "../software-heritage/software-heritage-provider.ts";
import { urlArchiveProvider } from "../url-archive/url-archive-provider.ts";
import { zenodoProvider } from "../zenodo/zenodo-provider.ts";
import type { SourceProvider } from "./port.ts";

/** Providers that know their places by the form of a URL; what a DOI leads to is one of theirs. */
export const archiveProviders: readonly SourceProvider[] = [
  urlArchiveProvider,
  zenodoProvider,
  figshareProvider,
  dataverseProvider,
  hydroshareProvider,
  softwareHeritageProvider,
  ckanProvider,
];
