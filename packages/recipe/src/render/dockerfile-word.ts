/** A word of ENV, ARG or LABEL in double quotes, in which Dockerfiles only know `\`, `"` and `$`. */
export function quoteWord(value: string): string {
  return /^[A-Za-z0-9_./:,@+-]+$/.test(value) ? value : `"${value.replaceAll(/["\\$]/g, String.raw`\$&`)}"`;
}
