import type { PlannedBuild } from "./image-builder.ts";

/** Somebody's place among those who wait for a build. */
export interface BuildTicket extends Disposable {
  /** Settles with the build. */
  readonly done: Promise<void>;
}

interface RunningBuild {
  readonly done: Promise<void>;
  readonly stop: AbortController;
  waiting: number;
  timer: NodeJS.Timeout | undefined;
}

/** One build per key, any number of waiters; one that nobody waits for is given up after a while. */
export class RunningBuilds {
  readonly #builds = new Map<string, RunningBuild>();
  readonly #graceMs: number;

  /** @param graceMs for which a build goes on when its last waiter has gone: who was cut off asks again */
  constructor(graceMs: number = 60_000) {
    this.#graceMs = graceMs;
  }

  /** Waits for a build, which is started when it does not run. Disposing of the ticket ends the waiting. */
  join(plan: PlannedBuild): BuildTicket {
    const build = this.#builds.get(plan.key) ?? this.#start(plan);
    build.waiting += 1;
    clearTimeout(build.timer);
    let isWaiting = true;
    return {
      done: build.done,
      [Symbol.dispose]: () => {
        if (!isWaiting) return;
        isWaiting = false;
        build.waiting -= 1;
        if (build.waiting > 0) return;
        build.timer = setTimeout(() => this.#giveUp(plan.key, build), this.#graceMs);
        build.timer.unref();
      },
    };
  }

  #start(plan: PlannedBuild): RunningBuild {
    const stop = new AbortController();
    const done = plan.run(stop.signal).finally(() => {
      if (this.#builds.get(plan.key) === build) this.#builds.delete(plan.key);
      clearTimeout(build.timer);
    });
    const build: RunningBuild = { done, stop, waiting: 0, timer: undefined };
    done.catch(() => {}); // each waiter sees it; with none left nobody does
    this.#builds.set(plan.key, build);
    return build;
  }

  #giveUp(key: string, build: RunningBuild): void {
    if (this.#builds.get(key) === build) this.#builds.delete(key);
    build.stop.abort();
  }
}
