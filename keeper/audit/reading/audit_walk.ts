/**
 * Walks an audit log from its first line to its last, and checks what can be checked.
 *
 * @module
 */
import { type Bytes, encodeHex, sha256Digest } from "../../../protocol/mod.ts";
import {
  type AuditLine,
  type ChainEnd,
  decodeAuditLine,
  EMPTY_CHAIN,
  hashLine,
} from "../log/mod.ts";
import { checkReceipt } from "../receipt.ts";
import { splitLines } from "./line_split.ts";
import { MAX_LINE_BYTES } from "../limits.ts";

/** What a walk has found. */
export interface AuditVerdict {
  /** Where the log ends; where it is broken, the last line before that. */
  readonly end: ChainEnd;
  /** The first thing that is wrong, or `null`. */
  readonly fault: AuditFault | null;
  /** How many results carry a signature of their agent, which all are good. */
  readonly signed: number;
  /** How many carry none. */
  readonly unsigned: number;
  /** The numbers of the lines that tell of a write that was cut off. */
  readonly torn: readonly number[];
  /** Whether the hash that was expected is that of a line; `null` where none was. */
  readonly isExpectedFound: boolean | null;
}

/** What is wrong with a log, and where. */
export interface AuditFault {
  /** Which line of the file it is, from 1. */
  readonly line: number;
  /** What is wrong with it, as the end of a sentence. */
  readonly problem: string;
}

/** The options of {@linkcode verifyAudit}. */
export interface VerifyAuditOptions {
  /** The hash of a line that must be there, in hex. @default {null} */
  readonly expected?: string | null;
}

/** Checks a log; it is read once, and a line at a time is kept. */
export async function verifyAudit(
  chunks: AsyncIterable<Uint8Array>,
  options: VerifyAuditOptions = {},
): Promise<AuditVerdict> {
  const walk = new AuditWalk(options.expected ?? null);
  let line = 0;
  for await (const { bytes, isEnded } of splitLines(chunks, MAX_LINE_BYTES)) {
    const problem = await walk.take(bytes, { line: ++line, isEnded });
    if (problem !== null) return walk.verdict({ line, problem });
  }
  return walk.verdict(walk.openFault());
}

/** What is kept in mind on the way. */
class AuditWalk {
  readonly #expected: string | null;
  #end: ChainEnd = EMPTY_CHAIN;
  #isExpectedFound = false;
  #signed = 0;
  #unsigned = 0;
  readonly #torn: number[] = [];
  /** What stands behind the last line and is none, until a line names it. */
  #pieces: Bytes[] = [];
  #pieceBytes = 0;
  #firstPiece = 0;

  constructor(expected: string | null) {
    this.#expected = expected;
  }

  /** Takes the next line of the file; returns what is wrong with it, or `null`. */
  async take(
    bytes: Bytes | null,
    { line, isEnded }: { readonly line: number; readonly isEnded: boolean },
  ): Promise<string | null> {
    if (bytes === null) return "it is longer than any line that a keeper writes";
    if (!isEnded) return "it is cut off; a keeper that goes on behind it marks it";
    const read = decodeAuditLine(bytes);
    if (read === null) return this.#takePiece(bytes, line);
    const problem = await this.#check(read);
    if (problem !== null) return problem;
    this.#end = { seq: read.seq, hash: await hashLine(bytes) };
    if (this.#end.hash === this.#expected) this.#isExpectedFound = true;
    return null;
  }

  /** What remains wrong where the file ends here. */
  openFault(): AuditFault | null {
    if (this.#pieces.length === 0) return null;
    return { line: this.#firstPiece, problem: "it is no line of an audit log" };
  }

  verdict(fault: AuditFault | null): AuditVerdict {
    const open = this.openFault();
    return {
      end: this.#end,
      fault: fault !== null && open !== null ? open : fault,
      signed: this.#signed,
      unsigned: this.#unsigned,
      torn: this.#torn,
      isExpectedFound: this.#expected === null ? null : this.#isExpectedFound,
    };
  }

  #takePiece(bytes: Bytes, line: number): string | null {
    if (this.#pieces.length === 0) this.#firstPiece = line;
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length + 1;
    return this.#pieceBytes > 4 * MAX_LINE_BYTES ? "it is no line of an audit log" : null;
  }

  async #check(read: AuditLine): Promise<string | null> {
    if (read.prev !== this.#end.hash) return "it does not follow the line before it";
    if (read.seq !== this.#end.seq + 1) return `its number is not ${this.#end.seq + 1}`;
    if (read.event === "torn" || this.#pieces.length > 0) {
      if (!await this.#isMark(read)) {
        return "what stands before it is no line, and it does not say so";
      }
      this.#torn.push(read.seq);
      this.#pieces = [];
      this.#pieceBytes = 0;
    }
    return await this.#checkResult(read);
  }

  /** Tells whether a line names what stands before it and is no line. */
  async #isMark({ event, bytes, sha256 }: AuditLine): Promise<boolean> {
    if (event !== "torn" || this.#pieces.length === 0) return false;
    const torn = joinPieces(this.#pieces);
    return bytes === torn.length && sha256 === encodeHex(await sha256Digest(torn));
  }

  async #checkResult(read: AuditLine): Promise<string | null> {
    if (read.event !== "result") return null;
    const receipt = await checkReceipt(read);
    if (receipt === "invalid") return "the signature of the agent over its results is not valid";
    if (receipt === "signed") this.#signed++;
    if (receipt === "unsigned") this.#unsigned++;
    return null;
  }
}

function joinPieces(pieces: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length + 1, -1));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
    if (offset < joined.length) joined[offset++] = 0x0a;
  }
  return joined;
}
