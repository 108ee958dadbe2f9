/** Shorter texts would star every other word of the output, and be found in every other file. */
const shortestStarredLength = 4;
const shortestFoundLength = 8;

/**
 * What is starred where it is shown: a secret as a whole, each of its lines, and the passwords of a netrc file, also in
 * the form that they have in addresses. The longest first.
 */
export function secretTexts(value: string): readonly string[] {
  const whole = [value, ...value.split(/\r?\n/), ...netrcPasswords(value)].map((text) => text.trim());
  const texts = new Set(whole.flatMap((text) => [text, encodeURIComponent(text)]));
  return [...texts].filter((text) => text.length >= shortestStarredLength).sort((a, b) => b.length - a.length);
}

/** Those of {@link secretTexts} that are long enough to be looked for in files. */
export function findableTexts(value: string): readonly string[] {
  return secretTexts(value).filter((text) => text.length >= shortestFoundLength && !/^machine \S+$/.test(text));
}

/** Source: netrc(5): `machine NAME login NAME password TEXT`, over any number of lines */
function netrcPasswords(value: string): string[] {
  if (!/^\s*(?:machine|default)\s/m.test(value)) return [];
  return [...value.matchAll(/(?:^|\s)password\s+(\S+)/g)].map(([, password = ""]) => password);
}
