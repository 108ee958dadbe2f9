import { repositoryName } from "../spec/repository-name.ts";

/** What a URL of a Dataverse installation names. */
export interface DataversePlace {
  /** Address of the installation, without a slash at the end. */
  readonly base: string;
  /** `any` is a page that shows either. */
  readonly kind: "dataset" | "file" | "any";
  /** A persistent identifier such as `doi:10.7910/DVN/TJCLKP`, or the number of a file. */
  readonly id: string;
  /** Such as `2.1`; the newest published one when undefined. */
  readonly version: string | undefined;
}

const pages = /^(?<prefix>.*)\/(?<page>dataset\.xhtml|file\.xhtml|citation)$/;
const fileAccess = /^(?<prefix>.*)\/api\/access\/datafile\/(?<id>\d+|:persistentId)$/;
const persistentId = /^(?:doi|hdl|perma|ark):\S+$/i;
const versionForm = /^\d+(?:\.\d+)?$/;

/** The address of a place's page. */
export function pageOf({ base, kind, id, version }: DataversePlace): string {
  const query = version === undefined ? "" : `&version=${version}`;
  if (/^\d+$/.test(id)) return `${base}/file.xhtml?fileId=${id}${query}`;
  const page = { dataset: "dataset.xhtml", file: "file.xhtml", any: "citation" }[kind];
  const shownId = encodeURIComponent(id).replaceAll("%3A", ":").replaceAll("%2F", "/");
  return `${base}/${page}?persistentId=${shownId}${query}`;
}

/** The name of a dataset's image, from the last part of its identifier. */
export function datasetName(id: string): string {
  return `dataverse-${repositoryName(id)}`;
}

/**
 * The place that a URL names, by the form of Dataverse's pages.
 * @returns undefined for any other text
 */
export function tryParsePlace(text: string): DataversePlace | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, pathname, searchParams } = new URL(text);
  const access = fileAccess.exec(pathname)?.groups;
  const { prefix = "", page } = access ?? pages.exec(pathname)?.groups ?? {};
  if (access === undefined && page === undefined) return undefined;
  const pid = searchParams.get("persistentId") ?? "";
  const number = access?.["id"] ?? searchParams.get("fileId") ?? "";
  const isNumber = /^\d+$/.test(number);
  if (!isNumber && !persistentId.test(pid)) return undefined;
  const asked = searchParams.get("version") ?? "";
  const version = versionForm.test(asked) ? asked : undefined;
  const isFile = isNumber || access !== undefined || page === "file.xhtml";
  const kind = isFile ? "file" : page === "citation" ? "any" : "dataset";
  return { base: origin + prefix, kind, id: isNumber ? number : pid, version };
}
