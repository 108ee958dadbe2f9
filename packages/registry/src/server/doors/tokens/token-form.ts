import { randomBytes } from "node:crypto";
import { AppError } from "@repo2singularity/base";
import { type Action, actions, parseScope, type Scope } from "../../policy/scope.ts";
import type { WishedToken } from "../../service/own-tokens.ts";

/** What somebody has filled into the form for a new token; shown again when it cannot be made. */
export interface TokenForm {
  readonly id: string;
  readonly label: string;
  readonly pattern: string;
  readonly actions: readonly Action[];
  /** `0` for a token without end. */
  readonly days: string;
}

/** For how many days a token can be made, and how that is called. */
export const lives: ReadonlyArray<readonly [string, string]> = [
  ["7", "a week"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["0", "no end"],
];

const dayMs = 24 * 3_600_000;
const labelLimit = 200;

/** A form that nobody has filled in. */
export function emptyForm(): TokenForm {
  return { id: randomBytes(6).toString("hex"), label: "", pattern: "**", actions: ["pull", "push"], days: "90" };
}

/** The form as it was sent. */
export function readForm(values: URLSearchParams): TokenForm {
  const sent = values.getAll("action");
  return {
    id: values.get("id") ?? "",
    label: (values.get("label") ?? "").trim(),
    pattern: (values.get("pattern") ?? "").trim(),
    actions: actions.filter((action) => sent.includes(action)),
    days: values.get("days") ?? "",
  };
}

/** What the form asks for. @throws E_USAGE with what is wrong in it */
export function wishOf(form: TokenForm, nowMs: number): WishedToken {
  if (form.actions.length === 0) throw new AppError("E_USAGE", "choose what the token may do");
  if (!lives.some(([days]) => days === form.days)) throw new AppError("E_USAGE", "choose how long the token lasts");
  if (form.label.length > labelLimit) throw new AppError("E_USAGE", `what it is for has at most ${labelLimit} letters`);
  const scope: Scope = parseScope(`${form.pattern}:${form.actions.join(",")}`);
  const days = Number(form.days);
  return { id: form.id, label: form.label, scopes: [scope], expiresMs: days === 0 ? undefined : nowMs + days * dayMs };
}
