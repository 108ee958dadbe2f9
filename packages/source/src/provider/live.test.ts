import { expect, test } from "vitest";
import { resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { testContext } from "../testing/git-fixtures.ts";
import { hasHg } from "../testing/hg-fixtures.ts";
import { reachableHosts } from "../testing/reachable-hosts.ts";

/** Public places that have been there for years, the hosts they need, and what they must resolve to. */
const places = [
  ["Zenodo", ["doi.org", "zenodo.org"], "10.5281/zenodo.3232985", "zenodo", /^zenodo\.\d+$/],
  [
    "Figshare",
    ["api.figshare.com"],
    "https://figshare.com/articles/x/9782777/1",
    "figshare",
    /^figshare\.9782777\.v1$/,
  ],
  ["Dataverse", ["doi.org", "dataverse.harvard.edu"], "doi:10.7910/DVN/TJCLKP", "dataverse", /TJCLKP\.v\d+\.\d+$/],
  [
    "HydroShare",
    ["www.hydroshare.org"],
    "https://www.hydroshare.org/resource/b8f6eae9d89241cf8b5904033460af61",
    "hydroshare",
    /\.v\d+$/,
  ],
  [
    "Software Heritage",
    ["archive.softwareheritage.org"],
    "swh:1:rev:94dca98c006b80309704c717b5d83dff3c1fa3a0",
    "software-heritage",
    /^swh:1:dir:/,
  ],
  ["CKAN", ["demo.ckan.org"], "https://demo.ckan.org/dataset/sample-dataset-1", "ckan", /\.v\d+$/],
  ["GitHub", ["github.com"], "gh:binder-examples/conda", "git", /^[0-9a-f]{40}$/],
  ["GitLab", ["gitlab.com"], "gl:gitlab-org/gitlab-test", "git", /^[0-9a-f]{40}$/],
  ["Hugging Face", ["huggingface.co"], "hf:gpt2", "git", /^[0-9a-f]{40}$/],
  [
    "Mercurial",
    ["www.mercurial-scm.org"],
    "hg+https://www.mercurial-scm.org/repo/hello",
    "mercurial",
    /^[0-9a-f]{40}$/,
  ],
] as const;

const reachable = await reachableHosts([...new Set(places.flatMap(([, hosts]) => [...hosts]))]);

for (const [name, hosts, text, provider, revision] of places) {
  const missing: readonly string[] = hosts.filter((host) => !reachable.has(host));
  const lacks = [...missing, ...(provider === "mercurial" && !hasHg ? ["hg"] : [])];
  const why = lacks.length === 0 ? "" : ` (skipped: ${lacks.join(" and ")} cannot be reached from here)`;
  test.skipIf(lacks.length > 0)(`live: ${name} resolves ${text}${why}`, async () => {
    const source = await resolveSource(parseSpec(text, { cwd: "/nonexistent" }), {}, testContext("/"));

    expect(source.provider).toBe(provider);
    expect(source.revision).toMatch(revision);
  });
}
