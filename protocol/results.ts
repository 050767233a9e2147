/**
 * How each file of a delivery ended, as the agent tells the keeper (spec, section 8).
 *
 * @module
 */
import { type Bytes, encodeUtf8, joinBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { MAX_MANIFEST_BYTES } from "./limits.ts";
import { splitLines } from "./manifest.ts";
import { MessageFields } from "./message_fields.ts";
import type { ResultCounts } from "./messages.ts";
import { findPathFault } from "./secret_path.ts";

/** How one file ended. */
export type FileOutcome =
  /** It was not there and is now. */
  | "created"
  /** It was there, differed, and was replaced. */
  | "updated"
  /** It was as declared. */
  | "unchanged"
  /** The vault does not hold it. */
  | "missing"
  /** The agent may not have it. */
  | "denied"
  /** The vault changed during the delivery; the next one brings it. */
  | "changed"
  /** It could not be delivered; what was there before is untouched. */
  | "failed";

/** How one file ended, and why. */
export interface FileResult {
  /** The path as the manifest or the agent's own list names it. */
  readonly path: string;
  /** How it ended. */
  readonly outcome: FileOutcome;
  /** The stable code of the failure, where it failed. */
  readonly code?: string;
}

const OUTCOME = /^(?:created|updated|missing|denied|changed|failed)$/;
const CODE = /^[a-z][a-z-]{0,63}$/;

/** Counts results by the five headings of DONE. */
export function countResults(results: readonly FileResult[]): ResultCounts {
  const counts = { created: 0, updated: 0, unchanged: 0, missing: 0, failed: 0 };
  for (const { outcome } of results) {
    if (outcome === "denied") counts.missing++;
    else if (outcome === "changed") counts.failed++;
    else counts[outcome]++;
  }
  return counts;
}

/** Writes the results that are not `unchanged`, one JSON object a line. */
export function encodeResults(results: readonly FileResult[]): Bytes {
  const lines = results
    .filter(({ outcome }) => outcome !== "unchanged")
    .map(({ path, outcome, code }) => {
      const members = {
        Path: path,
        Outcome: outcome,
        ...(code === undefined ? {} : { Code: code }),
      };
      return encodeUtf8(JSON.stringify(members) + "\n");
    });
  return joinBytes(lines);
}

function fail(reason: string): never {
  throw new ProtocolError("message-malformed", `the agent's results cannot be read: ${reason}`);
}

/**
 * Reads results.
 *
 * @throws {ProtocolError} `message-malformed`.
 */
export function decodeResults(bytes: Bytes): FileResult[] {
  if (bytes.length > MAX_MANIFEST_BYTES) fail("they are too long");
  return splitLines(bytes, fail).map((line) => {
    const fields = MessageFields.parse(line, "a line of the agent's results");
    const path = fields.text("Path", /^/);
    if (findPathFault(path) !== null) fail("a path is malformed");
    const outcome = fields.text("Outcome", OUTCOME) as FileOutcome;
    const code = fields.optionalText("Code", CODE);
    return code === null ? { path, outcome } : { path, outcome, code };
  });
}
