/**
 * Plugins of the keeper, and what they answer, as a person or a program reads it.
 *
 * @module
 */
import type { CallError, PluginManifest } from "../../../protocol/mod.ts";
import { formatTable, printableJson, sanitiseText } from "../../../protocol/host/mod.ts";
import { textOf } from "../calls/call_text.ts";
import { wrapLine } from "../../report/report_lines.ts";
import type { NamedPlugin } from "./named_plugins.ts";
import { describeManifest } from "./show_command.ts";

/** What came of a call. */
export interface XAnswer {
  /** The plugin. */
  readonly plugin: PluginManifest;
  /** What was called of it. */
  readonly action: string;
  /** What it answered; `null` for nothing. */
  readonly output: unknown;
  /** Why it did not answer, or `null`. */
  readonly error: CallError | null;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

const MAX_LINE_LENGTH = 4_096;
const MAX_CELL_LENGTH = 100;

/** By what a call may fail with: also words of a plugin, such as `constructor`. */
const CODES: ReadonlyMap<string, string> = new Map(Object.entries({
  "busy": "it does as much as it can",
  "failed": "it threw an error",
  "input-malformed": "it was given what it does not take",
  "not-permitted": "it asked for what it may not do",
  "output-malformed": "it answered what is no JSON",
  "plugin-stopped": "it ended, or was ended, before it answered: see the log",
  "timed-out": "it took longer than it may, by what it says of itself",
}));

/** Writes what came of a call, in lines that are ended. */
export function describeAnswer(answer: XAnswer, { json }: { readonly json: boolean }): string {
  const { plugin: { name }, action, output, error, durationMs } = answer;
  if (json) {
    const end = error === null
      ? { outcome: "answered", output: output ?? null }
      : { outcome: "failed", code: error.code };
    return `${printableJson({ type: "x", plugin: name, action, ...end, durationMs })}\n`;
  }
  if (error !== null) {
    const why = CODES.get(error.code);
    const because = why === undefined ? "" : `: ${why}`;
    return `${wrapLine(sanitiseText(`${name} ${action}: failed (${error.code})${because}`))}\n`;
  }
  const lines = textOf(output).split("\n").map((line) => {
    return sanitiseText(line, { maxLength: MAX_LINE_LENGTH });
  });
  return lines.map((line) => `${line === "" && lines.length === 1 ? "done" : line}\n`).join("");
}

/** Writes what plugins there are, in lines that are ended. */
export function describePlugins(
  plugins: readonly NamedPlugin[],
  { json }: { readonly json: boolean },
): string {
  if (json) {
    return plugins.map(({ path, plugin: { manifest } }) => {
      return `${printableJson({ type: "plugin", ...manifest, file: path })}\n`;
    }).join("");
  }
  const rows = plugins.flatMap(({ plugin: { manifest } }) => {
    const { name, version, describe, actions } = manifest;
    return actions.length === 0
      ? [[name, version, "-", describe]]
      : actions.map((action) => [name, version, action.name, action.describe]);
  });
  const cells = rows.map((row) => {
    return row.map((cell) => sanitiseText(cell || "-", { maxLength: MAX_CELL_LENGTH }));
  });
  const headings = ["PLUGIN", "VERSION", "ACTION", "WHAT IT DOES"];
  return formatTable(cells, { columns: headings.map((heading) => ({ heading })) });
}

/** Writes what one plugin says of itself, in lines that are ended. */
export function describePlugin({ path, plugin: { manifest } }: NamedPlugin): string {
  const lines = [...describeManifest(manifest), `file: ${sanitiseText(path)}`];
  return lines.map((line) => `${line}\n`).join("");
}
