import { invalidFile, type ConfigFile } from "../detect/config-file.ts";

/** What `runtime.txt` says: a language's name with a version, a snapshot date, or both. */
export interface RuntimeTxt {
  readonly name: string;
  /** As written: `3.11`, `3`, `4.4.2`. */
  readonly version?: string;
  /** `YYYY-MM-DD`, a day of the calendar. */
  readonly date?: string;
}

const grammarHint =
  "write NAME-VERSION, NAME-YYYY-MM-DD or NAME-VERSION-YYYY-MM-DD, for example python-3.12 or r-4.4-2025-01-31";

/**
 * Reads `runtime.txt`: 2, 4 or 5 parts between dashes.
 * @throws E_RECIPE_FILE_INVALID on any other number of parts, an empty part, or a day that does not exist
 * Source: repo2docker `buildpacks/base.py`, `runtime_info`
 */
export function parseRuntimeTxt(file: ConfigFile): RuntimeTxt {
  const parts = file.text.trim().split("-");
  const [name = "", ...rest] = parts;
  if (![2, 4, 5].includes(parts.length) || parts.includes("")) {
    throw invalidFile(file.path, `"${file.text.trim()}" names no runtime`, { line: 1, hint: grammarHint });
  }
  const version = rest.length === 3 ? undefined : rest[0];
  const date = rest.length === 1 ? undefined : rest.slice(-3).join("-");
  if (date !== undefined && !isCalendarDay(date)) {
    throw invalidFile(file.path, `"${date}" is not a day of the form YYYY-MM-DD`, { line: 1, hint: grammarHint });
  }
  return { name, ...(version === undefined ? {} : { version }), ...(date === undefined ? {} : { date }) };
}

function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
