/** Figures of repeated runs of one side, in the order they were taken. */
export interface Series {
  readonly values: readonly number[];
  readonly min: number;
  readonly median: number;
}

/** How often the sides are run. */
export interface InterleavedOptions {
  /** Counted rounds, at least 1. */
  readonly rounds: number;
  /** Rounds before them that do not count; 0 when left out. */
  readonly warmups?: number;
}

/**
 * Runs several sides in turn, round after round, so that drift of the machine hits all of them alike.
 * Every second round goes through the sides backwards.
 * @param sides each answers the figure of one run
 * @returns one series for each side, under its name
 */
export async function interleave<Name extends string>(
  sides: Readonly<Record<Name, () => Promise<number>>>,
  options: InterleavedOptions,
): Promise<Readonly<Record<Name, Series>>> {
  const warmups = options.warmups ?? 0;
  // Object.keys forgets that the keys are the names
  const names = Object.keys(sides) as Name[];
  const taken = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < warmups + options.rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await sides[name]();
      if (round >= warmups) taken.get(name)?.push(value);
    }
  }
  const series = names.map((name) => [name, seriesOf(taken.get(name) ?? [])] as const);
  // fromEntries widens the keys to string
  return Object.fromEntries(series) as Record<Name, Series>;
}

/**
 * Minimum and median of figures.
 * @param values at least one
 */
export function seriesOf(values: readonly number[]): Series {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? Number.NaN;
  const high = sorted[Math.ceil(middle)] ?? Number.NaN;
  return { values, min: sorted[0] ?? Number.NaN, median: (low + high) / 2 };
}
