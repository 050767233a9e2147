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
    await this.#places.run(async () => {
      if (!this.#isOver) await this.#answer(batch);
    });
  }

  async #answer({ message, files, onStream }: OpenBatch): Promise<void> {
    const contents = await Promise.all(
      files.map(({ entry }) => this.#reads.run(() => this.#read(entry))),
    );
    const isThere = (_: NumberedFile, i: number): boolean => contents[i] !== null;
    const there = files.filter(isThere);
    const changed = files.filter((_, i) => contents[i] === null).map(({ number }) => number);
    const plain = joinBytes(contents.filter((bytes) => bytes !== null));
    const packed = message.acceptsDeflate === true && plain.length >= MIN_COMPRESSED_BYTES
      ? await compressWhole(plain)
      : null;
    const sent = packed ?? plain;
    const shares = shareOut(there.map(({ entry }) => entry), {
      sent: sent.length,
      plain: plain.length,
    });
    there.forEach(({ entry }, i) => this.#parts.onContents(entry.path, shares[i] ?? 0));
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
    there.forEach(({ entry }, i) => this.#parts.onProgress(entry.path, shares[i] ?? 0));
  }

  /** Returns the contents of a file, or `null` where it is no longer what the manifest says. */
  async #read(entry: FileEntry): Promise<Bytes | null> {
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
      return length === bytes.length ? bytes : null;
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
