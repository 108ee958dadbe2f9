import type { InitFile, ServiceOptions } from "./init-options.ts";
import { commitLines, indented, programLines } from "./program-lines.ts";

/**
 * A pipeline of GitLab: merge requests are checked and built, merges are published to Pages, and a pipeline that is
 * started with the variable REBUILD builds again what it names. A project token in REGISTRY_TOKEN commits what was built.
 */
export function gitlabFiles({ programUrl, isMetadataOnly }: ServiceOptions): readonly InitFile[] {
  const check = 'repo2singularity registry check --against "origin/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"';
  const request = isMetadataOnly ? [`${check} --verify`] : [check, "repo2singularity registry build --local"];
  const merge = isMetadataOnly
    ? ["repo2singularity registry check"]
    : [
        "repo2singularity registry build ${REBUILD:+--force} $REBUILD",
        "git config user.name registry",
        'git config user.email "registry@$CI_SERVER_HOST"',
        'git remote set-url origin "https://registry:$REGISTRY_TOKEN@$CI_SERVER_HOST/$CI_PROJECT_PATH.git"',
        'git checkout -B "$CI_COMMIT_BRANCH"',
        ...commitLines.slice(0, -1),
        'git push -o ci.skip origin "$CI_COMMIT_BRANCH"',
      ];
  const text = `# Written by repo2singularity registry init.
image: debian:stable
variables:
  GIT_DEPTH: "0"
  REBUILD:
    value: ""
    description: Tags to build again, as namespace/name:tag with spaces between them
default:
  before_script:
    - apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates git npm mmdebstrap
    - |
${indented(programLines(programUrl), 6)}
request:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - |
${indented(request, 6)}
pages:
  rules:
    - if: $CI_PIPELINE_SOURCE != "merge_request_event" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  resource_group: registry
  script:
    - |
${indented([...merge, "repo2singularity registry publish public"], 6)}
  artifacts:
    paths: [public]
`;
  return [{ path: ".gitlab-ci.yml", text }];
}
