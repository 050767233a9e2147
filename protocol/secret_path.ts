/**
 * The path of a secret file on the agent's side: what may stand on the wire at all (spec, section 8).
 *
 * A path that passes here is only well-formed. Whether an agent accepts it is the agent's decision,
 * as are symlinks and devices on the way, which no text can tell.
 *
 * @module
 */
import { encodeUtf8 } from "./bytes.ts";
import { MAX_PATH_BYTES, MAX_PATH_SEGMENT_BYTES } from "./limits.ts";

/** How an agent names what is its own in the folders of secret files; none of these may be named so. */
export const RESERVED_PREFIX = ".fluxvault-";
/** How an agent names what it has not put in place yet. */
export const STAGE_PREFIX: string = `${RESERVED_PREFIX}stage-`;

// C0 and C1 controls and DEL, the backslash, and line and paragraph separators.
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\\\u2028\u2029]/;

// What nothing is wrong with but perhaps its length: printable ASCII, in segments that start with no dot.
const PLAIN = /^\/?[ -\-0-[\]-~][ -.0-[\]-~]*(?:\/[ -\-0-[\]-~][ -.0-[\]-~]*)*$/;

/**
 * Says what is wrong with a path.
 *
 * Accepted are one or more segments joined by `/`, in well-formed Unicode, optionally behind one
 * leading `/`; a segment is not empty, not `.` and not `..`, and has at most 255 bytes in UTF-8; the
 * whole has at most 1,024.
 *
 * @returns A reason that fits behind the path in a sentence, or `null` where nothing is wrong.
 *
 * @example
 * ```ts
 * import { findPathFault } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(findPathFault("tls/key.pem") === null);
 * console.assert(findPathFault("../etc/passwd") !== null);
 * ```
 */
export function findPathFault(path: string): string | null {
  if (path.length <= MAX_PATH_SEGMENT_BYTES && PLAIN.test(path)) return null;
  if (path.length === 0) return "is empty";
  if (!path.isWellFormed()) return "holds a lone surrogate";
  if (FORBIDDEN.test(path)) return "holds a control character or a backslash";
  if (isLonger(path, MAX_PATH_BYTES)) return `is longer than ${MAX_PATH_BYTES} bytes`;
  const segments = path.slice(path.startsWith("/") ? 1 : 0).split("/");
  for (const segment of segments) {
    if (segment === "") return "has an empty segment";
    if (segment === "." || segment === "..") return `has the segment "${segment}"`;
    if (segment.startsWith(RESERVED_PREFIX)) {
      return `has a segment that starts with ${RESERVED_PREFIX}`;
    }
    if (isLonger(segment, MAX_PATH_SEGMENT_BYTES)) {
      return `has a segment longer than ${MAX_PATH_SEGMENT_BYTES} bytes`;
    }
  }
  return null;
}

/** Encodes only what may be too long: one unit of UTF-16 has three bytes at most. */
function isLonger(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && encodeUtf8(text).length > maxBytes;
}
