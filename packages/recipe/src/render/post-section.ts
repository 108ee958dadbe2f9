import { shellQuote } from "@repo2singularity/base";
import { chooseDelimiter, endLine } from "./heredoc.ts";

/** Characters of a section; Apptainer's limit is 65,536 bytes, and nearly all of our texts are ASCII. */
const sectionLimit = 48_000;

/** Characters of one here-document. */
const pieceLimit = 40_000;

/** `%post` sections of these pieces: sections of one name are run as one; Apptainer reads none longer than 64 KiB. */
export function renderPost(pieces: readonly string[]): string {
  const sections: string[] = [];
  let current = "";
  for (const piece of pieces) {
    if (current !== "" && current.length + piece.length > sectionLimit) {
      sections.push(current);
      current = "";
    }
    current += piece;
  }
  return [...sections, current].map((text) => `%post\n${text}`).join("\n");
}

/**
 * Lines of sh that write a text, in as many pieces as its length asks for. Each of its lines stands behind a bar,
 * because a line of a definition file that starts with a percent sign would start a section.
 */
export function writePieces(path: string, text: string): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const lines = text === "" ? [] : endLine(text).split("\n").slice(0, -1);
  const pieces: string[] = [];
  let barred = "";
  for (const line of lines) {
    if (barred.length + line.length > pieceLimit) {
      pieces.push(barred);
      barred = "";
    }
    barred += `|${line}\n`;
  }
  return [...pieces, barred].map((part, index) => {
    const delimiter = chooseDelimiter("R2S_FILE", part);
    const start = index === 0 ? `mkdir -p ${shellQuote(folder)}\nsed 's/^|//' >` : "sed 's/^|//' >>";
    return `${start}${shellQuote(path)} <<'${delimiter}'\n${part}${delimiter}\n`;
  });
}
