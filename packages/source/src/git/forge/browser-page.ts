import { AppError, redactUrl } from "@repo2singularity/base";
import { repositoryName } from "../../spec/repository-name.ts";
import type { ForgePart, ForgePlace } from "./forge-place.ts";

/** How the pages of one kind of forge are told; `rest` is what names the part of the repository. */
interface PageForm {
  /** Any host when undefined: the paths are unmistakable then. */
  readonly host: RegExp | undefined;
  readonly path: RegExp;
  readonly partOf: (kind: string, rest: string) => ForgePart | undefined;
}

const exact = (ref: string): ForgePart => ({ kind: "ref", ref });
const segmentsOf = (of: "folder" | "file", rest: string): ForgePart => ({
  kind: "refAndPath",
  of,
  segments: rest.split("/").map(decode),
});
const numbered = (rest: string, refOf: (number: string) => string): ForgePart | undefined => {
  const number = /^\d+/.exec(rest)?.[0];
  return number === undefined ? undefined : exact(refOf(number));
};
const first = (rest: string): string => decode(rest.split("/")[0] ?? "");

const forms: readonly PageForm[] = [
  {
    host: /^(?:www\.)?github\.com$/,
    path: /^(?<repository>\/[^/]+\/[^/]+)\/(?<kind>tree|blob|commits?|pull|releases\/tag)\/(?<rest>.+)$/,
    partOf: (kind, rest) => {
      if (kind === "pull") return numbered(rest, (number) => `refs/pull/${number}/head`);
      if (kind === "releases/tag") return exact(`refs/tags/${decode(rest)}`);
      if (kind === "commit") return exact(first(rest));
      return segmentsOf(kind === "blob" ? "file" : "folder", rest);
    },
  },
  {
    host: /^gist\.github\.com$/,
    path: /^(?:\/[^/]+)?(?<repository>\/[0-9a-f]{20,40})(?<kind>\/)(?<rest>[0-9a-f]{40})$/,
    partOf: (_, rest) => exact(rest),
  },
  {
    host: undefined,
    path: /^(?<repository>(?:\/[^/]+){2,})\/-\/(?<kind>tree|blob|commits?|merge_requests|tags)\/(?<rest>.+)$/,
    partOf: (kind, rest) => {
      if (kind === "merge_requests") return numbered(rest, (number) => `refs/merge-requests/${number}/head`);
      if (kind === "tags") return exact(`refs/tags/${decode(rest)}`);
      if (kind === "commit") return exact(first(rest));
      return segmentsOf(kind === "blob" ? "file" : "folder", rest);
    },
  },
  {
    host: undefined,
    path: /^(?<repository>\/[^/]+\/[^/]+)\/(?:src|commits)\/(?<kind>branch|tag|commit)\/(?<rest>.+)$/,
    partOf: (kind, rest) => (kind === "commit" ? exact(first(rest)) : segmentsOf("folder", rest)),
  },
  {
    host: /^codeberg\.org$/,
    path: /^(?<repository>\/[^/]+\/[^/]+)\/(?<kind>pulls|commit|releases\/tag)\/(?<rest>.+)$/,
    partOf: (kind, rest) => {
      if (kind === "pulls") return numbered(rest, (number) => `refs/pull/${number}/head`);
      return exact(kind === "commit" ? first(rest) : `refs/tags/${decode(rest)}`);
    },
  },
  {
    host: /^bitbucket\.org$/,
    path: /^(?<repository>\/[^/]+\/[^/]+)\/(?<kind>src|branch|commits|pull-requests)\/(?<rest>.+)$/,
    partOf: (kind, rest) => {
      if (kind === "pull-requests") return undefined;
      if (kind === "branch") return exact(`refs/heads/${decode(rest)}`);
      return kind === "commits" ? exact(first(rest)) : segmentsOf("folder", rest);
    },
  },
  {
    host: /^(?:www\.)?(?:huggingface\.co|hf\.co)$/,
    path: /^(?<repository>(?:\/(?:datasets|spaces))?\/[^/]+(?:\/[^/]+)?)\/(?<kind>tree|blob|commit)\/(?<rest>.+)$/,
    partOf: (kind, rest) =>
      kind === "commit" ? exact(first(rest)) : segmentsOf(kind === "blob" ? "file" : "folder", rest),
  },
];

/**
 * The repository and part that a page of a forge shows, by its address: folders, files, commits, branches, tags, pull and
 * merge requests of GitHub, GitLab, Gitea, Forgejo, Bitbucket and Hugging Face, and revisions of gists.
 * @returns undefined for any other text
 * @throws E_SPEC_INVALID for a request that the forge gives no ref for
 */
export function tryParseBrowserPage(text: string): ForgePlace | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const page = new URL(text);
  for (const { host, path, partOf } of forms) {
    if (host?.test(page.hostname) === false) continue;
    const { repository, kind = "", rest = "" } = path.exec(page.pathname.replace(/\/+$/, ""))?.groups ?? {};
    if (repository === undefined) continue;
    const part = partOf(kind, rest);
    if (part === undefined) throw noRef(text);
    page.pathname = repository;
    page.search = "";
    page.hash = "";
    return { url: page.href, name: repositoryName(repository), part, shortForm: undefined };
  }
  return undefined;
}

function noRef(text: string): AppError {
  return new AppError("E_SPEC_INVALID", `"${redactUrl(text)}" shows a request that git cannot fetch`, {
    hint: "give its branch: the repository's URL and --ref BRANCH",
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign stands for itself
  }
}
