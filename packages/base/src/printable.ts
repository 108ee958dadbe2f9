/** Colours and other letter shapes. Source: ECMA-48, Select Graphic Rendition */
const letterShapes = /\p{Cc}\[[0-9;]*m/gu;
/** Control characters, and those that change the direction of writing. */
const unsafe = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text of unknown origin as a terminal may show it: colours are taken away, other control characters and those that
 * change the direction of writing are shown as `\xNN` or `\uNNNN`. Tabs and line ends stay.
 */
export function printable(text: string): string {
  return text.replaceAll(letterShapes, "").replaceAll(unsafe, (letter) => {
    if (letter === "\n" || letter === "\t") return letter;
    const code = letter.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}
