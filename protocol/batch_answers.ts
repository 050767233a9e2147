/**
 * How a keeper answers a batch: it reads the small files and sends them one after the other (spec,
 * section 8).
 *
 * @module
 */
import { type Bytes, joinBytes } from "./bytes.ts";
import { compressWhole } from "./content_encoding.ts";
import { StorageError } from "./errors.ts";
import { sendMessage } from "./exchange.ts";
import type { NumberedFile } from "./batches.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type { BatchMessage } from "./messages.ts";
import type { SecretSource } from "./secret_source.ts";
import { Semaphore } from "./semaphore.ts";
import type { Session } from "./session.ts";
import { type SendStream, StreamResetError } from "./streams.ts";

/** How many batches are in memory at a time. */
const BATCHES_IN_MEMORY = 2;
/** How many files are read at a time. */
const READS_IN_FLIGHT = 32;
/** What is shorter is sent as it is. */
const MIN_COMPRESSED_BYTES = 512;

/** What {@linkcode BatchAnswers} works with. */
export interface BatchAnswerParts {
  /** Holds the files. */
  readonly source: SecretSource;
  /** Is told why a file cannot be read, by the code of its error. */
  readonly onFault: (path: string, code: string) => void;
  /** Is told of contents that are about to leave: path and bytes. */
  readonly onContents: (path: string, bytes: number) => void;
  /** Is told of contents as they leave: path and bytes. */
  readonly onProgress: (path: string, bytes: number) => void;
}

/** A file that was read for a batch. */
interface ReadFile {
  readonly bytes: Bytes;
  /** Whether its source lets it be compressed. */
  readonly mayBeCompressed: boolean;
}

/** A batch that is to be answered. */
export interface OpenBatch {
  /** What the agent asks for. */
  readonly message: BatchMessage;
  /** The files that it names. */
  readonly files: readonly NumberedFile[];
  /** Is told of the stream as soon as it is open. */
  readonly onStream: (stream: SendStream) => void;
}

/** Answers batches, few at a time. */
export class BatchAnswers {
  readonly #session: Session;
  readonly #parts: BatchAnswerParts;
  readonly #places = new Semaphore(BATCHES_IN_MEMORY);
  readonly #reads = new Semaphore(READS_IN_FLIGHT);
  #isOver = false;
  #contentBytes = 0;

  /** Has answered nothing yet. */
  constructor(session: Session, parts: BatchAnswerParts) {
    this.#session = session;
    this.#parts = parts;
  }

  /** How many bytes of contents left. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Reads nothing more from the source. */
  stop(): void {
    this.#isOver = true;
  }

  /** Answers one batch. */
  async answer(batch: OpenBatch): Promise<void> {
    await this.#places.run(() => this.#answer(batch));
  }

  async #answer({ message, files, onStream }: OpenBatch): Promise<void> {
    const read = await this.#readAll(files);
    const there = files.filter((_, i) => read[i] !== null).map(({ entry }) => entry);
    const changed = files.filter((_, i) => read[i] === null).map(({ number }) => number);
    const contents = read.filter((file) => file !== null);
    const plain = joinBytes(contents.map(({ bytes }) => bytes));
    // How well several secrets are compressed together tells how alike they are: all of them may be.
    const mayBeCompressed = message.acceptsDeflate === true &&
      contents.every(({ mayBeCompressed }) => mayBeCompressed);
    const packed = mayBeCompressed && plain.length >= MIN_COMPRESSED_BYTES
      ? await compressWhole(plain)
      : null;
    const sent = packed ?? plain;
    const shares = shareOut(there, { sent: sent.length, plain: plain.length });
    there.forEach(({ path }, i) => this.#parts.onContents(path, shares[i] ?? 0));
    const stream = this.#session.openStream(sent.length);
    onStream(stream);
    await sendMessage(this.#session, {
      state: "BATCH-DATA",
      id: message.id,
      stream: stream.id,
      size: sent.length,
      changed,
      ...(packed === null ? {} : { plainSize: plain.length }),
    });
    try {
      if (sent.length > 0) await stream.write(sent);
      await stream.end();
    } catch (error) {
      // The agent gave it up, and knows why; only this stream ends.
      if (error instanceof StreamResetError) return;
      throw error;
    }
    this.#contentBytes += sent.length;
    there.forEach(({ path }, i) => this.#parts.onProgress(path, shares[i] ?? 0));
  }

  /** Reads files; where that fails, it does so once nothing reads from the source any more. */
  async #readAll(files: readonly NumberedFile[]): Promise<(ReadFile | null)[]> {
    const settled = await Promise.allSettled(
      files.map(({ entry }) => this.#reads.run(() => this.#read(entry))),
    );
    return settled.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  /** Returns the contents of a file, or `null` where it is no longer what the manifest says. */
  async #read(entry: FileEntry): Promise<ReadFile | null> {
    if (this.#isOver) return null;
    try {
      const content = await this.#parts.source.open(entry, { offset: 0, prefix: null });
      if (content === null) return null;
      const bytes = new Uint8Array(entry.size);
      let length = 0;
      for await (const chunk of content.chunks) {
        if (length + chunk.length > bytes.length) return null;
        bytes.set(chunk, length);
        length += chunk.length;
      }
      const mayBeCompressed = content.reopen !== undefined;
      return length === bytes.length ? { bytes, mayBeCompressed } : null;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code !== "file-changed") this.#parts.onFault(entry.path, error.code);
      return null;
    }
  }
}

/** Says of each file how many of the bytes on the wire are its own, so that all are somebody's. */
function shareOut(
  entries: readonly FileEntry[],
  { sent, plain }: { readonly sent: number; readonly plain: number },
): number[] {
  let before = 0;
  let given = 0;
  return entries.map(({ size }) => {
    before += size;
    const share = plain === 0 ? 0 : Math.round(before / plain * sent) - given;
    given += share;
    return share;
  });
}
