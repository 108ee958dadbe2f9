import { stringify } from "yaml";
import { circleciFiles } from "./circleci.ts";
import { githubFiles } from "./github.ts";
import { gitlabFiles } from "./gitlab.ts";
import type { CiService, InitFile, InitOptions, ServiceOptions } from "./init-options.ts";

/** The files that a new registry begins with. */
export function initFiles(options: InitOptions): readonly InitFile[] {
  const { settings, ci, isMetadataOnly } = options;
  return [
    { path: "registry.yaml", text: stringify({ title: "Container registry", ...settings }) },
    { path: ".gitignore", text: "/.images/\n/_site/\n" },
    { path: "README.md", text: readme(options) },
    ...(ci === undefined ? [] : services[ci.service]({ isMetadataOnly, programUrl: ci.programUrl })),
  ];
}

const services: Readonly<Record<CiService, (options: ServiceOptions) => readonly InitFile[]>> = {
  github: githubFiles,
  gitlab: gitlabFiles,
  circleci: circleciFiles,
};

function readme({ settings, isMetadataOnly }: InitOptions): string {
  const add = isMetadataOnly
    ? "repo2singularity registry add lab/demo:1.0 --image demo.sif --url https://…/demo.sif"
    : "repo2singularity registry add lab/demo:latest --repository https://github.com/owner/repo";
  return `# ${settings.title ?? "Container registry"}

A registry of Singularity/Apptainer images that is nothing but files. To add an image, add a folder and open a pull request:

\`\`\`
namespace/name/README.md                       what the collection is
namespace/name/manifests/TAG/Singularity       a definition file, with the files that it copies beside it
namespace/name/manifests/TAG/source.yaml       or a repository: "repository: https://…" and "ref: …"
namespace/name/manifests/TAG/image.yaml        what was built: written here, or by you for an image built elsewhere
\`\`\`

\`\`\`sh
${add}
repo2singularity registry check                # what is wrong, by file and line
repo2singularity registry build                # what was added or changed
repo2singularity registry publish _site        # the site
\`\`\`

To build an image again, remove its \`image.yaml\`.
`;
}
