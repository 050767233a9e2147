/**
 * The part of the file system that only Node's module reaches: open files by their number.
 *
 * @module
 */

let loading: Promise<typeof import("node:fs")> | null = null;

/**
 * Loads `node:fs` with its first use: it takes a megabyte of an idle agent's memory.
 */
export function nodeFs(): Promise<typeof import("node:fs")> {
  loading ??= import("node:fs");
  return loading;
}
