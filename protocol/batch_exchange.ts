/**
 * How small files get to the agent, many at a time: the batch and what answers it (spec, section 8).
 *
 * @module
 */
import type { NumberedFile } from "./batches.ts";
import { type Bytes, encodeHex } from "./bytes.ts";
import { decompressWhole } from "./content_encoding.ts";
import { createHasher, type HasherFactory } from "./hasher.ts";
import { ProtocolError } from "./errors.ts";
import { checkEncodedSize, sendMessage, unexpected } from "./exchange.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type { BatchDataMessage } from "./messages.ts";
import { PendingAnswers } from "./pending_answers.ts";
import type { FileOutcome } from "./results.ts";
import type { SecretStore } from "./secret_store.ts";
import type { Session } from "./session.ts";
import type { ReceiveStream } from "./streams.ts";

/** What a keeper answered to a batch. */
export interface BatchAnswer {
  /** Its message. */
  readonly data: BatchDataMessage;
  /** The stream with the contents, or `null`. */
  readonly stream: ReceiveStream | null;
}

/** What {@linkcode BatchRequests} works with. */
export interface BatchRequestParts {
  /** Takes the next number of a request. */
  readonly takeId: () => number;
  /** Throws where the session is over, before anything is asked for. */
  readonly throwIfOver: () => void;
}

/** Takes a file of a batch: its contents, in memory of their own, or `null` where it has changed. */
export type TakeFile = (file: NumberedFile, contents: Bytes | null) => void;

/** Asks for batches, any number at a time. */
export class BatchRequests {
  readonly #session: Session;
  readonly #parts: BatchRequestParts;
  readonly #pending = new PendingAnswers<BatchAnswer>();
  #contentBytes = 0;

  /** Has asked for nothing yet. */
  constructor(session: Session, parts: BatchRequestParts) {
    this.#session = session;
    this.#parts = parts;
  }

  /** How many bytes of contents came. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Hands an answer to the batch that waits for it; `false` where none does. */
  answer(answer: BatchAnswer): boolean {
    return this.#pending.answer(answer.data.id, answer);
  }

  /** Ends the wait of all batches: no answer comes any more. */
  fail(reason: unknown): void {
    this.#pending.fail(reason);
  }

  /**
   * Brings the contents of small files.
   *
   * @param files As many as a batch may have, in ascending order of their numbers.
   * @param take Is given each file as soon as all of it is here: what came before the session broke
   * need not come again.
   * @throws {ProtocolError} `digest-mismatch` if what is compressed is not as stated; another code if
   * the keeper breaks the protocol.
   * @throws {ConnectionError} if the session, or the stream, ends early.
   */
  async bring(files: readonly NumberedFile[], take: TakeFile): Promise<void> {
    const { data, stream } = await this.#ask(files.map(({ number }) => number));
    const changed = new Set(data.changed);
    const came = files.filter(({ number }) => !changed.has(number));
    const size = came.reduce((sum, { entry }) => sum + entry.size, 0);
    const isAskedFor = files.length - came.length === changed.size;
    if (!isAskedFor || (data.plainSize ?? data.size) !== size) {
      throw unexpected("another batch than it was asked for");
    }
    checkEncodedSize(data);
    if (stream === null) throw unexpected("a batch without its stream");
    for (const file of files) if (changed.has(file.number)) take(file, null);
    await this.#cut(decoded(this.#counted(stream), data.plainSize), { files: came, take });
  }

  /** Cuts what comes into the files that it is made of. */
  async #cut(
    pieces: AsyncIterable<Bytes>,
    { files, take }: { readonly files: readonly NumberedFile[]; readonly take: TakeFile },
  ): Promise<void> {
    const waiting = files.values();
    let file = waiting.next().value;
    let contents = new Uint8Array(file?.entry.size ?? 0);
    let length = 0;
    /** Hands on what is whole, and the empty files behind it. */
    const handOn = (): void => {
      while (file !== undefined && length === contents.length) {
        take(file, contents);
        file = waiting.next().value;
        contents = new Uint8Array(file?.entry.size ?? 0);
        length = 0;
      }
    };
    for await (const piece of pieces) {
      for (let offset = 0; offset < piece.length && file !== undefined;) {
        const part = piece.subarray(offset, offset + contents.length - length);
        contents.set(part, length);
        length += part.length;
        offset += part.length;
        handOn();
      }
    }
    handOn();
  }

  async *#counted(stream: ReceiveStream): AsyncGenerator<Bytes, void, undefined> {
    for await (const chunk of stream) {
      this.#contentBytes += chunk.length;
      yield chunk;
    }
  }

  async #ask(entries: readonly number[]): Promise<BatchAnswer> {
    this.#parts.throwIfOver();
    const id = this.#parts.takeId();
    const answer = this.#pending.expect(id);
    await sendMessage(this.#session, { state: "BATCH", id, entries, acceptsDeflate: true });
    return await answer;
  }
}

/** Restores what is compressed, as a whole: what comes of a part of it is for each platform to say. */
async function* decoded(
  pieces: AsyncIterable<Bytes>,
  plainSize: number | undefined,
): AsyncGenerator<Bytes, void, undefined> {
  if (plainSize === undefined) yield* pieces;
  else yield await decompressWhole(pieces, plainSize);
}

/**
 * Puts a file in place whose contents are all here.
 *
 * @throws {ProtocolError} `digest-mismatch` if they are not what the manifest declares.
 * @throws {StorageError} if it cannot be put in place.
 */
export async function installContents(
  entry: FileEntry,
  bytes: Bytes,
  options: { readonly store: SecretStore; readonly createHasher?: HasherFactory | undefined },
): Promise<FileOutcome> {
  const hasher = await (options.createHasher ?? createHasher)();
  hasher.update(bytes);
  if (encodeHex(hasher.digest()) !== entry.digest) {
    throw new ProtocolError("digest-mismatch", "a file came with another digest than stated");
  }
  const { path, size, mode } = entry;
  const staged = await options.store.stage(path, { size, mode, entry });
  try {
    if (size > 0) await staged.write(bytes);
    return await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
