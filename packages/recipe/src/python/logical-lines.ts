/** A line of a requirements file with continuations joined and comments gone. */
export interface LogicalLine {
  readonly text: string;
  /** Where it starts, counted from 1. */
  readonly line: number;
}

/**
 * Cuts a requirements file into logical lines: a backslash at the end joins, `#` after white space or at the
 * start of a line comments. Empty lines are left out.
 * Source: pip `req_file.py`, `join_lines` and `ignore_comments`
 */
export function logicalLines(text: string): readonly LogicalLine[] {
  const result: LogicalLine[] = [];
  let pending: { text: string; line: number } | undefined;
  const finish = (): void => {
    const content = pending?.text.replace(/(^|\s)#.*$/, "").trim() ?? "";
    if (pending !== undefined && content !== "") result.push({ text: content, line: pending.line });
    pending = undefined;
  };
  for (const [index, physical] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    const isComment = /^\s*#/.test(physical);
    pending ??= { text: "", line: index + 1 };
    // pip ends a continuation at a comment line, whatever the line before said.
    pending.text += isComment ? " #" : physical.replace(/\\$/, "");
    if (isComment || !physical.endsWith("\\")) finish();
  }
  finish();
  return result;
}
