/**
 * What a report for people says of hooks.
 *
 * @module
 */
import type { HookResult } from "../../protocol/mod.ts";
import { sanitiseText } from "../../protocol/host/mod.ts";
import { isHookWanted } from "./report.ts";

/** How many lines of what a hook wrote last are shown. */
const MAX_OUTPUT_LINES = 3;
const MAX_LINE_LENGTH = 120;

const STANDINGS: Readonly<Record<HookResult["outcome"], string>> = {
  "ran": "ran",
  "failed": "failed",
  "running": "has not ended yet",
  "due": "waits to be run",
  "refused": "refused",
};

/** Says of hooks that did not do their work how each stands, and what it wrote last. */
export function hookTroublesOf(hooks: readonly HookResult[], address: string): string[] {
  return hooks.filter((hook) => !isHookWanted(hook)).map((hook) => {
    const head = sanitiseText(`${address}: hook ${hook.hook}: ${describeHook(hook)}`);
    return [head, ...lastLines(hook.output)].join("\n");
  });
}

/** Says how a hook stands, as the rest of a line. */
export function describeHook(hook: HookResult): string {
  const { outcome, code, exitStatus, signal, attempts } = hook;
  const why = code === undefined ? "" : ` (${code})`;
  const end = exitStatus !== null
    ? `, exit status ${exitStatus}`
    : signal !== null
    ? `, ended by ${signal}`
    : "";
  const often = attempts > 1 ? `, ${attempts} attempts` : "";
  return `${STANDINGS[outcome]}${why}${end}${often}`;
}

/** Counts hooks by how they stand, for example `2 hooks ran`; those that matter most come first. */
export function countHooks(hooks: readonly HookResult[]): string[] {
  const order = ["failed", "refused", "running", "due", "ran"] as const;
  return order.flatMap((outcome) => {
    const count = hooks.filter((hook) => hook.outcome === outcome).length;
    return count === 0 ? [] : `${count} ${count === 1 ? "hook" : "hooks"} ${outcome}`;
  });
}

/** Returns the last lines of an output, each made harmless and set off. */
function lastLines(output: string): string[] {
  return output.split(/\r?\n/).filter((line) => line.trim() !== "").slice(-MAX_OUTPUT_LINES)
    .map((line) => `  | ${sanitiseText(line, { maxLength: MAX_LINE_LENGTH })}`);
}
