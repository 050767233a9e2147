/**
 * What a member of a line may be: section 8.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Whether a path may stand in a manifest. */
export function isPath(path: string): boolean {
  if (!path.isWellFormed() || Buffer.byteLength(path) > 1024) return false;
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f\\\u2028\u2029]/.test(path)) return false;
  return path.replace(/^\//, "").split("/").every((segment) =>
    segment !== "" && segment !== "." && segment !== ".." &&
    !segment.startsWith(".fluxvault-") && Buffer.byteLength(segment) <= 255
  );
}

/** Tells whether a member is as it may be. */
export type Check = (value: unknown) => boolean;

/** A whole number within bounds. */
export function whole(min: number, max: number): Check {
  return (value) => Number.isInteger(value) && min <= Number(value) && Number(value) <= max;
}

/** A text of a form. */
export function matching(pattern: RegExp): Check {
  return (value) => typeof value === "string" && pattern.test(value);
}

/** A path. */
export const path: Check = (value) => typeof value === "string" && isPath(value);
/** `true`. */
export const yes: Check = (value) => value === true;
/** Any text. */
export const text: Check = (value) => typeof value === "string";
/** What may name hooks, certificates and services. */
export const hookName = matching(/^[a-z0-9][a-z0-9-]{0,62}$/);
/** A user or group. */
export const owner = whole(0, 2 ** 32 - 2);
/** Permission bits. */
export const mode = whole(0, 0o777);
/** A program and its arguments. */
export const command: Check = (value) =>
  Array.isArray(value) && value.length >= 1 && value.length <= 64 && value[0] !== "" &&
  value.every((word) => typeof word === "string" && word.isWellFormed() && !word.includes("\0"));
