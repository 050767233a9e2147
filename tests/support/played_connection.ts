/** A connection of HTTP of which a test plays the other end. */
import { encodeUtf8 } from "../../protocol/bytes.ts";

/** Bytes as a peer sends them: all there from the start, in pieces. */
export class PlayedConnection {
  /** What was written. */
  sent = "";
  readonly #pieces: string[];

  /** Has these pieces to read, one after the other, and then the end. */
  constructor(pieces: readonly string[]) {
    this.#pieces = [...pieces];
  }

  /** Reads of one piece what fits. */
  read(into: Uint8Array): Promise<number | null> {
    const piece = this.#pieces.shift();
    if (piece === undefined) return Promise.resolve(null);
    const bytes = encodeUtf8(piece);
    into.set(bytes.subarray(0, into.length));
    if (bytes.length > into.length) this.#pieces.unshift(piece.slice(into.length));
    return Promise.resolve(Math.min(bytes.length, into.length));
  }

  /** Takes half of what it is given, as a full socket may. */
  write(bytes: Uint8Array): Promise<number> {
    const taken = Math.ceil(bytes.length / 2);
    this.sent += new TextDecoder().decode(bytes.subarray(0, taken));
    return Promise.resolve(taken);
  }
}
