import { directoryProvider } from "../directory/directory-provider.ts";
import { gitProvider } from "../git/git-provider.ts";
import type { SourceProvider } from "./port.ts";

/** All providers, in the order they are asked: a folder that exists is never taken for anything else. */
export const sourceProviders: readonly SourceProvider[] = [directoryProvider, gitProvider];
