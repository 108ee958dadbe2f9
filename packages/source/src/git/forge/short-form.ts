import { AppError } from "@repo2singularity/base";
import { repositoryName } from "../../spec/repository-name.ts";
import type { ForgePlace } from "./forge-place.ts";

interface ForgeForm {
  /** What may stand between the prefix and `@`. */
  readonly pattern: RegExp;
  readonly urlOf: (place: string) => string;
  readonly example: string;
}

const part = String.raw`[\w.~-]+`;
const forms: Readonly<Record<string, ForgeForm>> = {
  gh: {
    pattern: new RegExp(`^${part}/${part}$`),
    urlOf: (place) => `https://github.com/${place}`,
    example: "gh:owner/repo@v1.0",
  },
  gl: {
    pattern: new RegExp(`^${part}(?:/${part})+$`),
    urlOf: (place) => `https://gitlab.com/${place}.git`,
    example: "gl:group/subgroup/repo@main",
  },
  bb: {
    pattern: new RegExp(`^${part}/${part}$`),
    urlOf: (place) => `https://bitbucket.org/${place}.git`,
    example: "bb:owner/repo@main",
  },
  gitea: {
    pattern: new RegExp(String.raw`^[\w.-]+(?::\d+)?/${part}/${part}$`),
    urlOf: (place) => `https://${place}.git`,
    example: "gitea:codeberg.org/owner/repo@main",
  },
  hf: {
    pattern: new RegExp(`^(?:(?:datasets|spaces)/)?(?:${part}/)?${part}$`),
    urlOf: (place) => `https://huggingface.co/${place}`,
    example: "hf:owner/model, hf:datasets/owner/name or hf:spaces/owner/name",
  },
  gist: {
    pattern: new RegExp(`^(?:${part}/)?[0-9a-f]{5,40}$`),
    urlOf: (place) => `https://gist.github.com/${place.replace(/^.*\//, "")}.git`,
    example: "gist:8a1b2c3d4e5f60718293a4b5c6d7e8f9",
  },
};

/**
 * The repository that `gh:owner/repo@ref` and its kin mean: `gh` GitHub, `gl` GitLab, `bb` Bitbucket, `gitea` any host
 * of Gitea or Forgejo, `hf` Hugging Face, `gist` GitHub's gists.
 * @returns undefined for a text without such a prefix
 * @throws E_SPEC_INVALID when what follows the prefix is not of its form
 */
export function tryParseShortForm(text: string): ForgePlace | undefined {
  const { prefix = "", rest = "" } = /^(?<prefix>gh|gl|bb|gitea|hf|gist):(?<rest>.*)$/s.exec(text)?.groups ?? {};
  const form = forms[prefix];
  if (form === undefined) return undefined;
  const at = rest.indexOf("@");
  const place = (at < 0 ? rest : rest.slice(0, at)).replace(/\.git$/, "");
  const ref = at < 0 ? undefined : rest.slice(at + 1);
  const hasDots = place.split("/").some((segment) => /^(?:-.*|\.{1,2})$/.test(segment));
  if (!form.pattern.test(place) || hasDots || ref === "") {
    throw new AppError("E_SPEC_INVALID", `"${text}" is not of the form of ${prefix}:`, {
      hint: `write ${form.example}`,
    });
  }
  return {
    url: form.urlOf(place),
    name: prefix === "gist" ? `gist-${place.replace(/^.*\//, "")}` : repositoryName(place),
    part: ref === undefined ? undefined : { kind: "ref", ref },
    shortForm: `${prefix}:${place}${ref === undefined ? "" : `@${ref}`}`,
  };
}
