import { formatDuration, formatSize } from "@repo2singularity/base";
import type { BuildEvent, BuildEventSink } from "@repo2singularity/contracts";
import type { Listr, ListrTaskWrapper } from "listr2";
import type { OutputStream } from "../host-io.ts";

type Task = ListrTaskWrapper<unknown, never, never>;

/** A task tree on a terminal; `finish` must be awaited before anything else is written. */
export interface TreeRenderer {
  readonly sink: BuildEventSink;
  finish(): Promise<void>;
}

/** A phase whose task listr2 draws until its promise settles. */
interface OpenPhase {
  readonly title: string;
  readonly settle: PromiseWithResolvers<void>;
  task?: Task;
  last?: string;
}

/** Draws events as a tree of tasks with listr2: the running phase shows the last line of its output. */
export async function treeRenderer(stream: OutputStream): Promise<TreeRenderer> {
  const { Listr } = await import("listr2");
  const phases = new Map<string, OpenPhase>();
  const notices: string[] = [];
  const running: Promise<unknown>[] = [];

  const open = (phase: string, title: string): void => {
    const entry: OpenPhase = { title, settle: Promise.withResolvers<void>() };
    phases.set(phase, entry);
    running.push(drawPhase(Listr, entry));
  };

  return {
    sink: (event) => {
      if (event.type === "phase-start") open(event.phase, event.title);
      else if (event.type === "notice") notices.push(event.message);
      else update(phases.get(event.phase), event);
    },
    finish: async () => {
      for (const phase of phases.values()) phase.settle.resolve();
      await Promise.all(running);
      for (const notice of notices) stream.write(`note: ${notice}\n`);
    },
  };
}

async function drawPhase(ListrClass: typeof Listr, entry: OpenPhase): Promise<void> {
  const list = new ListrClass(
    [
      {
        title: entry.title,
        task: (_context, task): Promise<void> => {
          entry.task = task;
          if (entry.last !== undefined) task.output = entry.last;
          return entry.settle.promise;
        },
      },
    ],
    { exitOnError: false, rendererOptions: { showErrorMessage: false } },
  );
  await list.run();
}

function update(entry: OpenPhase | undefined, event: BuildEvent): void {
  if (entry === undefined) return;
  switch (event.type) {
    case "log":
      entry.last = event.line;
      if (entry.task !== undefined) entry.task.output = event.line;
      return;
    case "progress": {
      const total = event.totalBytes === undefined ? "" : ` of ${formatSize(event.totalBytes)}`;
      if (entry.task !== undefined) entry.task.output = `${formatSize(event.doneBytes)}${total}`;
      return;
    }
    case "phase-end": {
      const outcome = event.outcome === "cached" ? "cached" : formatDuration(event.durationMs);
      if (entry.task !== undefined)
        entry.task.title = `${entry.title} (${[outcome, event.detail].filter(Boolean).join(", ")})`;
      entry.settle.resolve();
      return;
    }
    case "phase-failed":
      entry.settle.reject(new Error(event.message));
      return;
    case "phase-start":
    case "notice":
      return;
  }
}
