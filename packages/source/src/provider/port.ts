import type { ProcessRunner, Secret } from "@repo2singularity/base";
import type { NetworkOptions, RetryPolicy } from "@repo2singularity/base/http";
import type { Checkout } from "../checkout/checkout.ts";
import type { DownloadProgress } from "../http/download-file.ts";
import type { SourceMirrors } from "../http/public-addresses.ts";
import type { SourceClock } from "../http/source-client.ts";

/** User name and password or token for the git server of the spec, and for no other. */
export interface SourceCredentials {
  /** `oauth2` when left out, which the large forges accept with any token. */
  readonly username?: string;
  readonly secret: Secret;
}

/** What providers work with. */
export interface SourceContext {
  readonly runProcess: ProcessRunner;
  /** The caller's environment; what git and ssh need of it is handed on, nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An existing folder for temporary files. */
  readonly scratchFolder: string;
  readonly credentials?: SourceCredentials;
  /** Time limit of each program that is run, in milliseconds; half an hour when left out. */
  readonly timeoutMs?: number;
  /** Told what the user should know and what is no error, such as a tag that a branch of the same name hides. */
  readonly onNotice?: (notice: string) => void;
  /** Told the lines of progress that git writes, and what other providers do. */
  readonly onLine?: (line: string) => void;
  /** Told how far a download is: every 4 MiB, and at its end. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Proxies and authorities of this machine, asked for at the first request of a provider that makes its own. */
  readonly readNetwork?: () => Promise<NetworkOptions>;
  /** Where public addresses lead; each keeps its own when left out. */
  readonly mirrors?: SourceMirrors;
  /** Bytes that a source may bring, downloaded and once more unpacked; 20 GiB when left out. Not for git. */
  readonly maxBytes?: number;
  /** Files, folders and links that a source may have; `defaultMaxFiles` when left out. */
  readonly maxFiles?: number;
  /** How often requests are tried again; four tries within a minute when left out. */
  readonly retryPolicy?: RetryPolicy;
  /** The machine's own when left out. */
  readonly clock?: SourceClock;
  readonly signal?: AbortSignal;
}

/** Which part of a repository is wanted. */
export interface SourceRequest {
  /** Branch, tag, full or short commit; the default branch, or a folder as it is, when left out. */
  readonly ref?: string;
  /** Folder inside the repository, relative. */
  readonly subdir?: string;
}

/** A place that a spec was found to mean; no request was made for it yet. */
export interface Spec {
  /** Name of its provider. */
  readonly provider: string;
  /** What the user typed, without secrets. */
  readonly shown: string;
  /** Name of the repository, such as `repo`: matches `[a-zA-Z0-9][a-zA-Z0-9_.-]+`. */
  readonly name: string;
  /** Finds out what exactly is meant now. May use the network. */
  resolve(request: SourceRequest, context: SourceContext): Promise<ResolvedSource>;
}

/** A source at one fixed state, as far as that can be known without fetching it. */
export interface ResolvedSource {
  readonly provider: string;
  readonly name: string;
  /** Where it comes from, without secrets; undefined for a folder that comes from nowhere. */
  readonly url: string | undefined;
  /** Full name of the branch or tag, such as `refs/heads/main`; undefined for a bare commit or a folder. */
  readonly ref: string | undefined;
  /** 40 (or 64) hexadecimal digits of git or Mercurial; undefined without them. */
  readonly commit: string | undefined;
  /**
   * What names this state of the source and no other: the commit, or the record and version of an archive. Undefined for
   * a folder without git, and where only the content will tell.
   */
  readonly revision: string | undefined;
  readonly subdir: string | undefined;
  /** Brings the content into an empty folder, or leaves it where it is when it is a local folder. */
  fetch(folder: string, context: SourceContext): Promise<Checkout>;
}

/** One kind of place that repositories come from. */
export interface SourceProvider {
  readonly name: string;
  /**
   * Whether a text names such a place, by its form and the local disk alone.
   * @returns undefined when it does not
   * @throws E_SPEC_INVALID when it does, but may not be used
   */
  detect(text: string, where: { readonly cwd: string }): Spec | undefined;
}
