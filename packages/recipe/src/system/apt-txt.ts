import { invalidFile, type ConfigFile } from "../detect/config-file.ts";

/** `name`, `name=version`, `name:architecture` or `name/suite`: exactly what apt-get takes for one package. */
const packagePattern =
  /^(?<name>[a-z0-9][a-z0-9.+-]*)(?::[a-z0-9][a-z0-9-]*)?(?:=[0-9A-Za-z][0-9A-Za-z.+:~-]*|\/[A-Za-z0-9][A-Za-z0-9.+_-]*)?$/;

/** To apt-get `name-` means to remove the package. */
const removalPattern = /-$/;

/**
 * Reads `apt.txt`: packages between spaces or lines, `#` starts a comment.
 * @returns the packages, sorted and without repeats
 * @throws E_RECIPE_FILE_INVALID naming the line of a word that is no package
 */
export function parseAptTxt(file: ConfigFile): readonly string[] {
  const packages = new Set<string>();
  for (const [index, rawLine] of file.text.split(/\r?\n/).entries()) {
    const line = rawLine.replace(/#.*$/, "").trim();
    for (const word of line.split(/\s+/).filter((part) => part !== "")) {
      if (!isPackageWord(word)) {
        throw invalidFile(file.path, `"${word}" is not the name of a package`, {
          line: index + 1,
          hint: "write one package a line: NAME, NAME=VERSION, NAME:ARCHITECTURE or NAME/SUITE; commands belong into postBuild",
        });
      }
      packages.add(word);
    }
  }
  return [...packages].toSorted();
}

function isPackageWord(word: string): boolean {
  const name = packagePattern.exec(word)?.groups?.["name"];
  return name !== undefined && !removalPattern.test(name);
}
