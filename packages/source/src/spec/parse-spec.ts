import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AppError, redactUrl } from "@repo2singularity/base";
import type { Spec } from "../provider/port.ts";
import { sourceProviders } from "../provider/providers.ts";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controlCharacter = /[\u0000-\u001f\u007f]/;
const hostAndPath = /^(?:[\w-]+\.)+[a-z]{2,}\/[\w.-]+\/[\w.-]+/i;
const ownerAndName = /^[\w.-]+\/[\w.-]+$/;

/**
 * What a repository argument means: a folder of this host, a DOI, a record of an archive, or a git
 * URL. Makes no request.
 * @param where the folder that relative paths start from, absolute
 * @throws E_SPEC_INVALID for anything else, with what to write instead
 * @throws E_SOURCE_NOT_FOUND for a path that does not exist
 *
 * @example
 * const spec = parseSpec("https://github.com/owner/repo", { cwd: "/home/me" });
 */
export function parseSpec(text: string, where: { readonly cwd: string }): Spec {
  if (text === "" || controlCharacter.test(text)) {
    throw specError(text === "" ? "the repository is empty" : "the repository holds control characters");
  }
  if (text.startsWith("-")) throw specError(`"${text}" begins with a dash, as no repository does`);
  for (const provider of sourceProviders) {
    const spec = provider.detect(text, where);
    if (spec !== undefined) return spec;
  }
  throw unknownSpec(text, where.cwd);
}

function unknownSpec(text: string, cwd: string): AppError {
  const shown = redactUrl(text);
  const path = resolve(cwd, text);
  if (existsSync(path)) return specError(`${path} is a file, expected a folder or a URL`);
  if (/^[./~]/.test(text)) {
    return new AppError("E_SOURCE_NOT_FOUND", `${path}: there is no such folder`, { hint: "check the path" });
  }
  if (hostAndPath.test(text)) return specError(`"${shown}" has no scheme`, `write https://${shown}`);
  if (ownerAndName.test(text)) {
    return specError(`"${shown}" is no folder here and no URL`, `for GitHub write https://github.com/${shown}`);
  }
  return specError(`"${shown}" is neither a folder nor a URL or identifier that is known`);
}

function specError(message: string, hint = "give a folder or a URL such as https://github.com/owner/repo"): AppError {
  return new AppError("E_SPEC_INVALID", message, { hint });
}
