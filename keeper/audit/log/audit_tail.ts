/**
 * Where an audit log ends, read off its last bytes, and what a write that was cut off has left there.
 *
 * @module
 */
import type { Bytes } from "../../../protocol/mod.ts";
import { type ChainEnd, decodeAuditLine, EMPTY_CHAIN, hashLine } from "./audit_line.ts";
import { AuditError } from "./audit_log.ts";

const NEWLINE = 0x0a;
const BEGINNING = '{"seq":';
/** How every line ends that was written whole. */
const WHOLE = /"prev":"[0-9a-f]{64}"\}$/;

/** How a log ends. */
export interface LogTail {
  /** The last line that is whole. */
  readonly end: ChainEnd;
  /** What stands behind it and is no line, without a final end of a line; `null` for nothing. */
  readonly torn: Bytes | null;
  /** Whether the end of the last line is missing. */
  readonly isOpen: boolean;
}

/**
 * Reads how a log ends.
 *
 * @param isWhole Whether these bytes are the whole log.
 * @returns `null` where more bytes are needed.
 * @throws {AuditError} if the log is damaged in another way than by a write that was cut off.
 */
export async function readLogTail(bytes: Bytes, isWhole: boolean): Promise<LogTail | null> {
  if (bytes.length === 0 && isWhole) return { end: EMPTY_CHAIN, torn: null, isOpen: false };
  const isOpen = bytes.at(-1) !== NEWLINE;
  // The place of the end of the last line, which is written or missing.
  const last = isOpen ? bytes.length : bytes.length - 1;
  for (let stop = last; stop >= 0;) {
    const start = bytes.subarray(0, stop).lastIndexOf(NEWLINE) + 1;
    if (start === 0 && !isWhole) return null;
    const piece = bytes.slice(start, stop);
    const line = decodeAuditLine(piece);
    if (line !== null) {
      const torn = stop === last ? null : bytes.slice(stop + 1, last);
      return { end: { seq: line.seq, hash: await hashLine(piece) }, torn, isOpen };
    }
    if (!isCutOff(piece)) throw damaged();
    stop = start - 1;
  }
  return { end: EMPTY_CHAIN, torn: bytes.slice(0, last), isOpen };
}

/** Tells whether bytes can be the beginning of a line of ours. */
function isCutOff(piece: Uint8Array): boolean {
  const text = new TextDecoder().decode(piece);
  return (text.startsWith(BEGINNING) || BEGINNING.startsWith(text)) && !WHOLE.test(text);
}

function damaged(): AuditError {
  return new AuditError("its last line is no line of an audit log, or was changed", {
    hint: "Look at it with `audit verify`; move it away, and a new one begins.",
  });
}
