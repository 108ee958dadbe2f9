import * as z from "zod";

const at = { timeMs: z.number() };

/**
 * What a build tells while it runs, in order. The command line draws these as a task tree, plain lines or
 * JSON lines; the hub stores and streams them.
 */
export const BuildEvent = z.discriminatedUnion("type", [
  /** A phase such as `fetch`, `base`, `system`, `content`, `compose` starts. */
  z.strictObject({ type: z.literal("phase-start"), phase: z.string(), title: z.string(), ...at }),
  /** A phase ended well: `done` did the work, `cached` found it done. */
  z.strictObject({
    type: z.literal("phase-end"),
    phase: z.string(),
    outcome: z.enum(["done", "cached"]),
    detail: z.string().optional(),
    durationMs: z.number(),
    ...at,
  }),
  /** A phase failed; the error itself travels as the rejection of the build. */
  z.strictObject({ type: z.literal("phase-failed"), phase: z.string(), message: z.string(), ...at }),
  /** A line of output of the program that a phase runs. */
  z.strictObject({ type: z.literal("log"), phase: z.string(), line: z.string(), ...at }),
  z.strictObject({
    type: z.literal("progress"),
    phase: z.string(),
    doneBytes: z.number(),
    totalBytes: z.number().optional(),
    ...at,
  }),
  /** Something the user should know that is no failure. */
  z.strictObject({ type: z.literal("notice"), message: z.string(), ...at }),
]);
export type BuildEvent = z.infer<typeof BuildEvent>;

/** Takes events as they happen; never throws. */
export type BuildEventSink = (event: BuildEvent) => void;
