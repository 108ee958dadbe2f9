import { printable } from "@repo2singularity/base";
import type { BuildEvent, BuildEventSink } from "@repo2singularity/contracts";

/** An event as its sender writes it: the time is added on the way. */
type UntimedEvent = BuildEvent extends infer Event ? (Event extends BuildEvent ? Omit<Event, "timeMs"> : never) : never;

/** Tells the phases of a build to a sink, with times. */
export class PhaseReporter {
  readonly #sink: BuildEventSink;
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(sink: BuildEventSink, now: () => number) {
    this.#sink = sink;
    this.#now = now;
  }

  /** Runs the work of a phase and tells its start and its end. */
  async run<T>(phase: string, title: string, work: (report: Phase) => Promise<T>): Promise<T> {
    const started = this.#now();
    this.#send({ type: "phase-start", phase, title });
    const report = new Phase(phase, (event) => this.#send(event));
    try {
      const result = await work(report);
      const { outcome, detail } = report;
      const durationMs = this.#now() - started;
      this.#send({ type: "phase-end", phase, outcome, ...(detail === undefined ? {} : { detail }), durationMs });
      return result;
    } catch (error) {
      this.#send({ type: "phase-failed", phase, message: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  /** Something the user should know that is no failure. */
  notice(message: string): void {
    this.#send({ type: "notice", message });
  }

  #send(event: UntimedEvent): void {
    this.#sink({ ...event, timeMs: this.#now() });
  }
}

/** One running phase. */
export class Phase {
  readonly #phase: string;
  readonly #send: (event: UntimedEvent) => void;
  outcome: "done" | "cached" = "done";
  detail: string | undefined;

  constructor(phase: string, send: (event: UntimedEvent) => void) {
    this.#phase = phase;
    this.#send = send;
  }

  /** The work was found done. */
  cached(detail?: string): void {
    this.outcome = "cached";
    this.detail = detail;
  }

  /** A line of output of the program that the phase runs. */
  log(line: string): void {
    this.#send({ type: "log", phase: this.#phase, line: printable(line) });
  }

  /** How far the phase is. */
  progress(doneBytes: number, totalBytes?: number): void {
    this.#send({
      type: "progress",
      phase: this.#phase,
      doneBytes,
      ...(totalBytes === undefined ? {} : { totalBytes }),
    });
  }
}
