import type { BenchRow } from "./benchmark.ts";

const headings = ["name", "peer", "ours", "theirs", "unit", "ratio", "goal", "met"] as const;

/** Rows as an aligned table for a terminal, with headings; numbers stand to the right. */
export function formatTable(rows: readonly BenchRow[]): string {
  const cells = [[...headings], ...rows.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => ["ours", "theirs", "ratio"].includes(headings[column] ?? "");
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cellsOf(row: BenchRow): string[] {
  const { name, peer, ours, theirs, unit, ratio, goal, met } = row;
  return [name, peer, formatFigure(ours), formatFigure(theirs), unit, `${ratio.toFixed(2)}×`, goal, met ? "yes" : "NO"];
}

function formatFigure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
