/** How much a finding matters: errors end a build or a session, warnings make trouble later, notes are worth knowing. */
export type Severity = "error" | "warning" | "note";

/** Something in a repository that will fail, or may, and what to do about it. */
export interface Finding {
  /** The rule that found it: a key of the table of rules. */
  readonly rule: string;
  readonly severity: Severity;
  /** Relative to the repository's root; left out for what no single file says. */
  readonly path?: string;
  /** Counted from 1. */
  readonly line?: number;
  /** What was found, as one sentence without a trailing dot. */
  readonly message: string;
  /** What to do, as one sentence without a trailing dot. */
  readonly hint: string;
}

/** What a rule gives: its name is added by whoever runs it, its severity where the rule does not say another. */
export type RuleFinding = Omit<Finding, "rule" | "severity"> & { readonly severity?: Severity };
