/** A word that ends a here-document and is no line of the text. */
export function chooseDelimiter(stem: string, text: string): string {
  const lines = new Set(text.split("\n"));
  let delimiter = stem;
  for (let count = 2; lines.has(delimiter); count++) delimiter = `${stem}_${count}`;
  return delimiter;
}

/** A text whose last line ends, as every line of a here-document does. */
export function endLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
