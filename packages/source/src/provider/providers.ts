import { directoryProvider } from "../directory/directory-provider.ts";
import { doiProvider } from "../doi/doi-provider.ts";
import { forgeProvider } from "../git/forge/forge-provider.ts";
import { gitProvider } from "../git/git-provider.ts";
import { mercurialProvider } from "../mercurial/mercurial-provider.ts";
import { archiveProviders } from "./archive-providers.ts";
import type { SourceProvider } from "./port.ts";

/**
 * All providers, in the order they are asked: a folder that exists is never taken for anything else, and git, which any
 * URL could be, comes last.
 */
export const sourceProviders: readonly SourceProvider[] = [
  directoryProvider,
  doiProvider,
  forgeProvider,
  mercurialProvider,
  ...archiveProviders,
  gitProvider,
];
