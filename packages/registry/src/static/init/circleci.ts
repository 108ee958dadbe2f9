import type { InitFile, ServiceOptions } from "./init-options.ts";
import { commitLines, indented, programLines } from "./program-lines.ts";

/**
 * A pipeline of CircleCI, the service of the first static registry: branches are checked and built, the main branch is
 * published to the branch `gh-pages`, and a pipeline with the parameter `rebuild` builds again what it names.
 */
export function circleciFiles({ programUrl, isMetadataOnly }: ServiceOptions): readonly InitFile[] {
  const check = "repo2singularity registry check --against origin/main";
  const request = isMetadataOnly ? [`${check} --verify`] : [check, "repo2singularity registry build --local"];
  const identity = ["git config user.name registry", "git config user.email registry@localhost"];
  const merge = isMetadataOnly
    ? ["repo2singularity registry check", ...identity]
    : [
        "set -- $REBUILD",
        'repo2singularity registry build ${1:+--force} "$@"',
        ...identity,
        ...commitLines.map((line) => line.replace("that were built", "that were built [skip ci]")),
      ];
  const publish = [
    // the branch as it is, so that images which were built before are there; or its beginning
    'git clone --quiet --depth 1 --branch gh-pages "$(git remote get-url origin)" _site || git init --quiet --initial-branch gh-pages _site',
    "repo2singularity registry publish _site",
    "git -C _site add -A",
    'git -C _site -c user.name=registry -c user.email=registry@localhost commit --quiet --allow-empty -m "chore: the site [skip ci]"',
    'git -C _site push "$(git remote get-url origin)" gh-pages',
  ];
  const setUp = (lines: readonly string[]): string => indented([...programLines(programUrl), ...lines], 12);
  const text = `# Written by repo2singularity registry init.
version: 2.1
parameters:
  rebuild:
    type: string
    default: ""
jobs:
  request:
    machine:
      image: ubuntu-2404:current
    steps:
      - checkout
      - run:
          command: |
${setUp(request)}
  publish:
    machine:
      image: ubuntu-2404:current
    environment:
      REBUILD: << pipeline.parameters.rebuild >>
    steps:
      - checkout
      - run:
          command: |
${setUp([...merge, ...publish])}
workflows:
  registry:
    jobs:
      - request:
          filters:
            branches:
              ignore: [main, gh-pages]
      - publish:
          filters:
            branches:
              only: main
`;
  return [{ path: ".circleci/config.yml", text }];
}
