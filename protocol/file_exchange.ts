/**
 * How one file gets to the agent: the request, its answer, and the contents (spec, section 8).
 *
 * @module
 */
import { type Bytes, encodeHex, equalBytes } from "./bytes.ts";
import { createHasher, type Hasher, type HasherFactory } from "./hasher.ts";
import { ProtocolError, StorageError } from "./errors.ts";
import { decompress } from "./content_encoding.ts";
import { sendMessage, unexpected } from "./exchange.ts";
import { MIN_RESUMED_BYTES } from "./limits.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type { DataContent, DataMessage } from "./messages.ts";
import { PendingAnswers } from "./pending_answers.ts";
import type { FileOutcome } from "./results.ts";
import type { ResumedFile, SecretStore, StagedFile } from "./secret_store.ts";
import type { Session } from "./session.ts";
import { type ReceiveStream, RESET_CODE, StreamResetError } from "./streams.ts";

/** What a keeper answered to a request. */
export interface Answer {
  /** Its message. */
  readonly data: DataMessage;
  /** The stream with the contents, or `null`. */
  readonly stream: ReceiveStream | null;
}

/** A file that an agent asks for. */
export interface WantedFile {
  /** Its path. */
  readonly path: string;
  /** What the manifest declares, or `null` where it does not name the file. */
  readonly entry: FileEntry | null;
  /** The SHA-256 of what the agent holds there, or `null` where it holds nothing; 32 bytes. */
  readonly held: Bytes | null;
}

/** What {@linkcode FileRequests} works with. */
export interface FileRequestParts {
  /** Takes the contents. */
  readonly store: SecretStore;
  /** Makes a SHA-256 hasher. @default {createHasher} */
  readonly createHasher?: HasherFactory;
  /** Throws where the session is over, before anything is asked for. */
  readonly throwIfOver: () => void;
  /** Takes the next number of a request. */
  readonly takeId: () => number;
}

/** Asks for files and takes what comes, any number at a time. */
export class FileRequests {
  readonly #session: Session;
  readonly #parts: FileRequestParts;
  readonly #pending = new PendingAnswers<Answer>();
  #contentBytes = 0;

  /** Has asked for nothing yet. */
  constructor(session: Session, parts: FileRequestParts) {
    this.#session = session;
    this.#parts = parts;
  }

  /** How many bytes of contents came. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Hands an answer to the request that waits for it; `false` where none does. */
  answer(answer: Answer): boolean {
    return this.#pending.answer(answer.data.id, answer);
  }

  /** Ends the wait of all requests: no answer comes any more. */
  fail(reason: unknown): void {
    this.#pending.fail(reason);
  }

  /**
   * Brings one file.
   *
   * @throws {StorageError} if it cannot be put in place.
   * @throws {ProtocolError} `digest-mismatch` if it is not what was declared; another code if the
   * keeper breaks the protocol.
   * @throws {ConnectionError} if the session, or the stream of this file, ends early.
   */
  async bring(wanted: WantedFile): Promise<FileOutcome> {
    const { entry } = wanted;
    const isLarge = entry !== null && entry.size >= MIN_RESUMED_BYTES;
    const part = isLarge ? await this.#parts.store.resume(entry) : null;
    try {
      const { data, stream } = await this.#ask(wanted, part);
      if (data.status !== "Success") {
        checkMatch(data, wanted);
        await part?.staged.interrupt();
        return outcomeOf(data);
      }
      const content = checkContent(data.content, { wanted, part });
      if (stream === null) throw unexpected("a success without its stream");
      return await this.#install(wanted, { content, stream, part });
    } catch (error) {
      // Does nothing where the file was put in place, forgotten, or kept already.
      await part?.staged.interrupt();
      throw error;
    }
  }

  async #ask({ path, held, entry }: WantedFile, part: ResumedFile | null): Promise<Answer> {
    this.#parts.throwIfOver();
    const id = this.#parts.takeId();
    const answer = this.#pending.expect(id);
    await sendMessage(this.#session, {
      state: "REQUEST",
      id,
      file: path,
      digest: held,
      offset: part?.offset ?? 0,
      prefix: part?.prefix ?? null,
      ...(entry === null ? {} : { acceptsDeflate: true }),
    });
    return await answer;
  }

  async #install(
    wanted: WantedFile,
    { content, stream, part }: {
      readonly content: DataContent;
      readonly stream: ReceiveStream;
      readonly part: ResumedFile | null;
    },
  ): Promise<FileOutcome> {
    let place: { readonly staged: StagedFile; readonly hasher: Hasher };
    try {
      place = await this.#openPlace(wanted, { content, part });
    } catch (error) {
      stream.cancel(RESET_CODE.storage);
      throw error;
    }
    const { staged, hasher } = place;
    try {
      for await (const chunk of this.#contentsOf(stream, content)) {
        // A disk works beside the event loop: the piece is hashed while it is written.
        const writing = staged.write(chunk);
        hasher.update(chunk);
        await writing;
      }
      if (!equalBytes(hasher.digest(), content.digest)) {
        throw new ProtocolError("digest-mismatch", "a file came with another digest than stated");
      }
      return await staged.commit();
    } catch (error) {
      await (isInterruption(error) ? staged.interrupt() : staged.discard());
      throw error;
    }
  }

  /** Counts what comes over the wire, and yields the contents that it stands for. */
  #contentsOf(stream: ReceiveStream, { plainSize }: DataContent): AsyncIterable<Bytes> {
    const counted = this.#counted(stream);
    return plainSize === undefined ? counted : decompress(counted, plainSize);
  }

  async *#counted(stream: ReceiveStream): AsyncGenerator<Bytes, void, undefined> {
    for await (const chunk of stream) {
      this.#contentBytes += chunk.length;
      yield chunk;
    }
  }

  async #openPlace(
    { path, entry }: WantedFile,
    { content, part }: { readonly content: DataContent; readonly part: ResumedFile | null },
  ): Promise<{ readonly staged: StagedFile; readonly hasher: Hasher }> {
    if (part !== null && content.offset === part.offset) return part;
    // What the agent has of it is not how the file begins.
    await part?.staged.discard();
    const { mode } = content;
    const size = sizeOf(content);
    const staged = await this.#parts.store.stage(path, { size, mode: entry?.mode ?? mode, entry });
    try {
      return { staged, hasher: await (this.#parts.createHasher ?? createHasher)() };
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }
}

function outcomeOf({ status }: DataMessage): FileOutcome {
  switch (status) {
    case "Match":
      return "unchanged";
    case "FileNotFound":
      return "missing";
    case "Denied":
      return "denied";
    default:
      return "changed";
  }
}

/** What the keeper says agrees has to: else a file that is not there would pass for one that is. */
function checkMatch({ status }: DataMessage, { entry, held }: WantedFile): void {
  if (status !== "Match") return;
  const agrees = held !== null && (entry === null || encodeHex(held) === entry.digest);
  if (!agrees) throw unexpected("a match of what differs");
}

function sizeOf({ size, plainSize }: DataContent): number {
  return plainSize ?? size;
}

/** What is installed is what the manifest declared, whatever the answer says. */
function checkContent(
  content: DataContent | null,
  { wanted: { entry }, part }: {
    readonly wanted: WantedFile;
    readonly part: ResumedFile | null;
  },
): DataContent {
  if (content === null) throw unexpected("a success without its stream");
  const { offset, size, digest, plainSize } = content;
  // What gets no shorter is not compressed: else it could go on without end and become nothing.
  const isAskedFor = (offset === 0 || offset === part?.offset) &&
    (plainSize === undefined || (entry !== null && size < plainSize));
  const isDeclared = entry === null ||
    (entry.digest === encodeHex(digest) && entry.size === offset + sizeOf(content));
  if (!isAskedFor || !isDeclared) throw unexpected("another file than it declared");
  return content;
}

/** Tells whether what came so far is good: only the rest of it did not come. */
function isInterruption(error: unknown): boolean {
  if (error instanceof StreamResetError) return error.resetCode !== RESET_CODE.changed;
  if (error instanceof ProtocolError) return error.code !== "digest-mismatch";
  return !(error instanceof StorageError);
}
