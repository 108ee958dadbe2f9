import type { InitFile, ServiceOptions } from "./init-options.ts";
import { commitLines, indented, programLines } from "./program-lines.ts";

/**
 * A workflow of GitHub Actions: pull requests are checked and built with no secrets, merges are published to Pages,
 * and a run by hand builds again what it is asked for.
 */
export function githubFiles({ programUrl, isMetadataOnly }: ServiceOptions): readonly InitFile[] {
  const program = programLines(programUrl);
  const check = 'repo2singularity registry check --against "origin/$GITHUB_BASE_REF"';
  const request = isMetadataOnly
    ? [...program, `${check} --verify`]
    : [...program, check, "repo2singularity registry build --local"];
  const merge = isMetadataOnly
    ? [...program, "repo2singularity registry check"]
    : [
        ...program,
        "set -- $REBUILD", // empty, or names that are split at spaces
        'repo2singularity registry build ${1:+--force} "$@"',
        "git config user.name registry",
        "git config user.email registry@users.noreply.github.com",
        ...commitLines,
      ];
  const text = `# Written by repo2singularity registry init.
name: registry
on:
  pull_request:
  push:
    branches: [main]
  workflow_dispatch:
    inputs:
      rebuild:
        description: Tags to build again, as namespace/name:tag with spaces between them
        default: ""
permissions:
  contents: read
jobs:
  request:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - run: |
${indented(request, 10)}
  publish:
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-latest
    concurrency: registry
    permissions:
      contents: write
      pages: write
      id-token: write
    environment:
      name: github-pages
    env:
      REBUILD: \${{ inputs.rebuild }}
      AWS_ACCESS_KEY_ID: \${{ secrets.AWS_ACCESS_KEY_ID }}
      AWS_SECRET_ACCESS_KEY: \${{ secrets.AWS_SECRET_ACCESS_KEY }}
      AWS_ENDPOINT_URL: \${{ vars.AWS_ENDPOINT_URL }}
    steps:
      - uses: actions/checkout@v4
      - run: |
${indented([...merge, "repo2singularity registry publish _site"], 10)}
      - uses: actions/upload-pages-artifact@v3
        with:
          path: _site
      - uses: actions/deploy-pages@v4
`;
  return [{ path: ".github/workflows/registry.yml", text }];
}
