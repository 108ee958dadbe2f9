import type { PublishedImage } from "../published-image.ts";
import { libraryName } from "../endpoints/library-endpoints.ts";
import { commandBlock } from "./layout.ts";
import type { Html } from "../../../pages/html.ts";

/** The ways to an image, each as a line to copy. Ways that the site's address does not allow are left out. */
export function pullCommands(image: PublishedImage, siteUrl: string): readonly Html[] {
  const { entry, url } = image;
  const { host, pathname, port, protocol } = new URL(siteUrl);
  const folder = pathname === "/" ? "" : pathname;
  const plain = protocol === "http:" ? " --no-https" : "";
  const name = `${entry.namespace}/${entry.name}`;
  const file = `${entry.name}_${entry.tag}.sif`;
  const commands: Array<readonly [string, string]> = [["repo2singularity", `repo2singularity pull ${url} -o ${file}`]];
  if (image.sitePath !== undefined) {
    commands.push(["Library", `apptainer pull --library ${siteUrl} library://${libraryName(image)}`]);
  }
  if (isLowerCase(entry.tag) && folder === "") {
    commands.push(["OCI registry", `apptainer pull${plain} oras://${host}/${name}:${entry.tag}`]);
  }
  if (port === "")
    commands.push(["Singularity Hub", `apptainer pull${plain} shub://${host}${folder}/${name}:${entry.tag}`]);
  commands.push(["Plain download", `apptainer pull ${file} ${url}`]);
  const manifest = `${siteUrl}/${name}/manifests/${entry.tag}/`;
  commands.push([
    "curl, jq and wget",
    `c=$(curl -s ${manifest} | jq --raw-output '.layers[].urls[0]')\nwget -O ${file} "$c"`,
  ]);
  return commands.map(([label, command]) => commandBlock(label, command));
}

/** OCI clients take tags as they are; those of Singularity want no upper case. */
function isLowerCase(tag: string): boolean {
  return tag === tag.toLowerCase();
}
