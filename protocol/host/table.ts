/**
 * Rows of text in aligned columns.
 *
 * @module
 */
import { sanitiseText } from "./printable_text.ts";

/** A column of a table. */
export interface TableColumn {
  /** What stands above it. */
  readonly heading: string;
  /**
   * On which side the text begins; numbers read best on the right.
   *
   * @default "left"
   */
  readonly align?: "left" | "right";
}

const GAP = "  ";

/**
 * Writes a table: the headings, then a line for each row, each line ended.
 *
 * Cells are made harmless first ({@linkcode sanitiseText}); one that is missing is left empty.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  { columns }: { readonly columns: readonly TableColumn[] },
): string {
  const lines = [columns.map((column) => column.heading), ...rows]
    .map((row) => columns.map((_, i) => sanitiseText(row[i] ?? "")));
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => widthOf(line[i] ?? ""))));
  return lines.map((line) => {
    const cells = line.map((text, i) => {
      const padding = " ".repeat((widths[i] ?? 0) - widthOf(text));
      return columns[i]?.align === "right" ? padding + text : text + padding;
    });
    return `${cells.join(GAP).trimEnd()}\n`;
  }).join("");
}

/** Counts characters, not the halves that a string holds them in. */
function widthOf(text: string): number {
  return [...text].length;
}
