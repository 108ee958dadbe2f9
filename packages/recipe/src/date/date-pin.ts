/** The day whose packages an image is made of. */
export interface DatePin {
  /** `YYYY-MM-DD`; what was there at its end, in UTC, counts. */
  readonly day: string;
  /** Who asks: `--date`, the name of the own file. */
  readonly from: string;
}

/** The last second of a day, as package managers take it: `2023-05-01T23:59:59Z`. */
export function endOfDay(day: string): string {
  return `${day}T23:59:59Z`;
}
