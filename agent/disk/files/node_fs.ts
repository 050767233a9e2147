/**
 * The part of the file system that only Node's module reaches: open files by their number.
 *
 * @module
 */

/** Node's module. */
export type NodeFs = typeof import("node:fs");

let loading: Promise<NodeFs> | null = null;

/**
 * Loads `node:fs` with its first use: it takes a megabyte of an idle agent's memory.
 */
export function nodeFs(): Promise<NodeFs> {
  loading ??= import("node:fs");
  return loading;
}
