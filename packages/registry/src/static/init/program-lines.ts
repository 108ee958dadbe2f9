import { shellQuote } from "@repo2singularity/base";

/** Shell lines that fetch this program and put it on the PATH of the lines after them, in any POSIX shell. */
export function programLines(programUrl: string): readonly string[] {
  return [
    `git clone --depth 1 ${shellQuote(programUrl)} "$HOME/repo2singularity"`,
    'export PATH="$HOME/repo2singularity/bin:$PATH"',
  ];
}

/** Shell lines that keep what was built: the small files that say so, never the images. */
export const commitLines: readonly string[] = [
  // nothing at all is no error: a registry begins empty
  "git ls-files --others --modified -z -- '*/manifests/*/image.yaml' | xargs -0 -r git add --",
  'git diff --cached --quiet || git commit -m "chore: images that were built"',
  "git push",
];

/** Lines of a script as a block of YAML, indented by so many spaces. */
export function indented(lines: readonly string[], spaces: number): string {
  return lines.map((line) => `${" ".repeat(spaces)}${line}`).join("\n");
}
