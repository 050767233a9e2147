/** Figures of the benches: the median of several runs, how far they lie apart, and what is beside them. */
import { formatTable } from "../../protocol/host/mod.ts";

/** What a figure counts. */
export type Unit = "s" | "ms" | "MB" | "KB";

/** Some runs of one thing. */
export interface Runs {
  /** What was run. */
  readonly what: string;
  /** What each run gave, in the unit of the figure. */
  readonly values: readonly number[];
}

/** A figure as it is printed. */
export interface Figure extends Runs {
  /** What is counted. */
  readonly unit: Unit;
  /** What it is held against. */
  readonly base?: Runs;
  /** What it should stay below, in the same unit. */
  readonly aim?: number;
  /** A multiple of the base line that it should not exceed. */
  readonly aimRatio?: number;
}

/** Returns the middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

function formatNumber(value: number, unit: Unit): string {
  const digits = unit === "s" ? (value < 1 ? 3 : 2) : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

function formatAim(
  { unit, aim, aimRatio }: Figure,
  found: { value: number; ratio: number },
): string {
  const verdict = (isMet: boolean) => isMet ? "met" : "missed";
  if (aim !== undefined) {
    return `< ${formatNumber(aim, unit)}: ${verdict(found.value < aim)}`;
  }
  if (aimRatio !== undefined) {
    return `<= ${aimRatio.toFixed(2)} x: ${verdict(found.ratio <= aimRatio)}`;
  }
  return "";
}

/** Writes a table with a line for each figure. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { what, unit, values, base } = figure;
    const value = median(values);
    const baseValue = base === undefined ? NaN : median(base.values);
    const ratio = value / baseValue;
    const spread = values.length < 2
      ? ""
      : `${formatNumber(Math.min(...values), unit)} .. ${formatNumber(Math.max(...values), unit)}`;
    return [
      what,
      formatNumber(value, unit),
      spread,
      base === undefined ? "" : `${base.what}: ${formatNumber(baseValue, unit)}`,
      base === undefined ? "" : `${ratio.toFixed(ratio < 0.1 ? 3 : 2)} x`,
      formatAim(figure, { value, ratio }),
    ];
  });
  return formatTable(rows, {
    columns: [
      { heading: "WHAT" },
      { heading: "MEDIAN", align: "right" },
      { heading: "SPREAD", align: "right" },
      { heading: "BASE LINE" },
      { heading: "RATIO", align: "right" },
      { heading: "AIM" },
    ],
  });
}

/** What a part of the bench found. */
export interface PartReport {
  /** The figures, in their order. */
  readonly figures: readonly Figure[];
  /** What was left out and why, and what a figure does not say by itself. */
  readonly notes: readonly string[];
}

/** What each part of the bench is given. */
export interface PartOptions {
  /** An empty folder, removed afterwards. */
  readonly folder: string;
  /** How often each thing is run. */
  readonly runs: number;
}

/** A part of the bench. */
export type Part = (options: PartOptions) => Promise<PartReport>;

/** Runs something several times, one after the other, and returns how long each took, in ms. */
export async function timeRuns(runs: number, run: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const startedMs = performance.now();
    await run();
    times.push(performance.now() - startedMs);
  }
  return times;
}
