/**
 * How a keeper answers what an agent asks for: the status of each file, and its contents (spec,
 * section 8).
 *
 * @module
 */
import { BatchAnswers } from "./batch_answers.ts";
import type { NumberedFile } from "./batches.ts";
import { decodeHex, encodeHex } from "./bytes.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { ProtocolError, StorageError } from "./errors.ts";
import { sendMessage, unexpected } from "./exchange.ts";
import {
  MAX_BATCH_BYTES,
  MAX_OPEN_BATCHES,
  MAX_OPEN_REQUESTS,
  SPARE_CONTENT_BYTES,
  SPARE_REQUESTS,
} from "./limits.ts";
import { sortEntries } from "./manifest.ts";
import type { FileEntry, ManifestEntry } from "./manifest_entry.ts";
import type {
  BatchMessage,
  DataContent,
  DataMessage,
  DataStatus,
  RequestMessage,
} from "./messages.ts";
import { chooseEncoding, type OutgoingContent } from "./outgoing_content.ts";
import type { FileResult } from "./results.ts";
import type { SecretContent, SecretSource } from "./secret_source.ts";
import { Semaphore } from "./semaphore.ts";
import type { Session } from "./session.ts";
import { RESET_CODE, type SendStream, StreamResetError } from "./streams.ts";

/** How many requests are answered at a time: as many as an agent makes, so that one sync serves them. */
const ANSWERS_IN_FLIGHT = 32;

/** What was asked for and not answered in full yet. */
interface OpenAnswer {
  readonly message: RequestMessage | BatchMessage;
  /** What the answer announced; `null` before it, and where it announced nothing. */
  stream: SendStream | null;
}

/** A request that was not answered in full yet. */
interface OpenRequest extends OpenAnswer {
  readonly message: RequestMessage;
}

/** What {@linkcode FileAnswers} works with. */
export interface FileAnswerParts {
  /** What the agent may have. */
  readonly source: SecretSource;
  /** Is told of contents that are about to leave: path and bytes. */
  readonly onContents: (path: string, bytes: number) => void;
  /** Is told of contents as they leave: path and bytes. */
  readonly onProgress: (path: string, bytes: number) => void;
}

/** Answers the requests of one agent, several at a time. */
export class FileAnswers {
  readonly #session: Session;
  readonly #source: SecretSource;
  readonly #onContents: FileAnswerParts["onContents"];
  readonly #onProgress: FileAnswerParts["onProgress"];
  /** The files that may be asked for, by their paths. */
  readonly #files: ReadonlyMap<string, FileEntry>;
  readonly #places = new Semaphore(ANSWERS_IN_FLIGHT);
  readonly #batches: BatchAnswers;
  readonly #requests = new Set<OpenAnswer>();
  readonly #answers = new Set<Promise<void>>();
  /** Why this side could not deliver a file, by its path: the agent is only told that it changed. */
  readonly #faults = new Map<string, string>();
  /** The entries in the order of the manifest, once a batch has asked for some. */
  #inOrder: readonly ManifestEntry[] | null = null;
  #isOver = false;
  #requestsLeft: number;
  #lastRequestId = -1;
  /** How many bytes may still be read for this agent, to be sent or to be compared. */
  #bytesLeft: number;
  #contentBytes = 0;

  /** Has answered nothing yet. */
  constructor(session: Session, { source, onContents, onProgress }: FileAnswerParts) {
    this.#session = session;
    this.#source = source;
    this.#onContents = onContents;
    this.#onProgress = onProgress;
    const onFault = (path: string, code: string) => void this.#faults.set(path, code);
    this.#batches = new BatchAnswers(session, { source, onFault, onContents, onProgress });
    const files = source.entries.filter((entry) => entry.kind === "file");
    this.#files = new Map(files.map((entry) => [entry.path, entry]));
    this.#requestsLeft = 2 * files.length + SPARE_REQUESTS;
    const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
    this.#bytesLeft = 2 * totalBytes + SPARE_CONTENT_BYTES;
  }

  /** How many bytes of contents left. */
  get contentBytes(): number {
    return this.#contentBytes + this.#batches.contentBytes;
  }

  /** Waits until all answers have left. */
  async settle(): Promise<void> {
    await Promise.all(this.#answers);
  }

  /** Waits until nothing reads from the source any more; what was not begun is not. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#batches.stop();
    await this.settle();
  }

  /** Says of a file that only seemed to change what this side knows of it. */
  explain(file: FileResult): FileResult {
    const code = this.#faults.get(file.path);
    const isKnown = code !== undefined && (file.outcome === "changed" || file.outcome === "failed");
    return isKnown ? { path: file.path, outcome: "failed", code } : file;
  }

  /**
   * Begins to answer a request or a batch; what goes wrong from then on ends the session.
   *
   * @throws {ProtocolError} if the agent asks for more than it may.
   */
  start(message: RequestMessage | BatchMessage): void {
    this.#requestsLeft -= message.state === "BATCH" ? message.entries.length : 1;
    if (this.#requestsLeft < 0) {
      throw new ProtocolError("too-many-messages", "the agent asks without end");
    }
    if (message.id <= this.#lastRequestId) throw unexpected("a request with a number used before");
    this.#lastRequestId = message.id;
    // The last piece of a stream answers its request, although its source may not be done yet.
    const isTooMuch = this.countOpen() >= MAX_OPEN_REQUESTS ||
      (message.state === "BATCH" && this.#countOpen("BATCH") >= MAX_OPEN_BATCHES);
    if (isTooMuch) {
      throw new ProtocolError("too-many-messages", "the agent asks more at once than it may");
    }
    const [open, work] = this.#prepare(message);
    this.#requests.add(open);
    const answer = work()
      .catch((error) => this.#session.fail(error))
      .finally(() => {
        this.#requests.delete(open);
        this.#answers.delete(answer);
      });
    this.#answers.add(answer);
  }

  /** How many requests are not answered in full yet. */
  countOpen(): number {
    return this.#countOpen("REQUEST") + this.#countOpen("BATCH");
  }

  #countOpen(state: OpenAnswer["message"]["state"]): number {
    let count = 0;
    for (const { message, stream } of this.#requests) {
      if (message.state === state && (stream === null || !stream.isOver)) count++;
    }
    return count;
  }

  /** Returns what is to be answered, and what answers it. */
  #prepare(message: RequestMessage | BatchMessage): [OpenAnswer, () => Promise<void>] {
    if (message.state === "REQUEST") {
      const request: OpenRequest = { message, stream: null };
      return [request, () => this.#places.run(() => this.#answer(request))];
    }
    const batch: OpenAnswer = { message, stream: null };
    const files = this.#filesOf(message);
    const onStream = (stream: SendStream) => void (batch.stream = stream);
    return [batch, () => this.#batches.answer({ message, files, onStream })];
  }

  /** Checks what a batch asks for. */
  #filesOf(message: BatchMessage): NumberedFile[] {
    this.#inOrder ??= sortEntries(this.#source.entries);
    const files = message.entries.map((number): NumberedFile => {
      const entry = this.#inOrder?.[number];
      if (entry?.kind !== "file") throw unexpected("a batch of something else than files");
      return { number, entry };
    });
    const bytes = files.reduce((sum, { entry }) => sum + entry.size, 0);
    if (bytes > MAX_BATCH_BYTES) throw unexpected("a batch of large files");
    this.#take(bytes);
    return files;
  }

  /** Counts what is read for the agent. */
  #take(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) {
      throw new ProtocolError("too-many-messages", "the agent asks for more than it can need");
    }
  }

  async #answer(open: OpenRequest): Promise<void> {
    if (this.#isOver) return;
    const { message: request } = open;
    const entry = this.#files.get(request.file);
    if (entry === undefined) {
      return await this.#sendStatus(
        open,
        this.#source.missing.has(request.file) ? "FileNotFound" : "Denied",
      );
    }
    if (request.digest !== null && encodeHex(request.digest) === entry.digest) {
      return await this.#sendStatus(open, "Match");
    }
    this.#take(entry.size);
    const content = await this.#open(entry, request);
    if (content === null) return await this.#sendStatus(open, "Changed");
    await this.#sendContent(open, { entry, content });
  }

  async #open(entry: FileEntry, request: RequestMessage): Promise<SecretContent | null> {
    const { prefix } = request;
    const offset = request.offset <= entry.size ? request.offset : 0;
    try {
      return await this.#source.open(entry, { offset, prefix: offset === 0 ? null : prefix });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#faults.set(entry.path, error.code);
      return null;
    }
  }

  async #sendContent(
    request: OpenRequest,
    work: { readonly entry: FileEntry; readonly content: SecretContent },
  ): Promise<void> {
    const { entry, content } = work;
    const outgoing = await this.#encode(request, work);
    if (outgoing === null) return await this.#sendStatus(request, "Changed");
    const { size, plainSize } = outgoing;
    this.#onContents(entry.path, size);
    const stream = this.#session.openStream(size);
    request.stream = stream;
    const announced: DataContent = {
      stream: stream.id,
      size,
      ...(plainSize === undefined ? {} : { plainSize }),
      offset: content.offset,
      digest: decodeHex(entry.digest, DIGEST_BYTES) ?? new Uint8Array(0),
      mode: entry.mode,
    };
    await this.#sendData({ id: request.message.id, status: "Success", content: announced });
    try {
      for await (const chunk of outgoing.chunks) {
        this.#contentBytes += chunk.length;
        await stream.write(chunk);
        this.#onProgress(entry.path, chunk.length);
      }
      await stream.end();
    } catch (error) {
      // The agent gave this one file up, or the file did not last: only this stream ends.
      if (error instanceof StreamResetError) return;
      if (!(error instanceof StorageError || error instanceof RangeError)) throw error;
      const code = error instanceof StorageError ? error.code : "file-changed";
      const hasChanged = code === "file-changed";
      if (!hasChanged) this.#faults.set(entry.path, code);
      stream.reset(hasChanged ? RESET_CODE.changed : RESET_CODE.storage);
    }
  }

  /** Returns `null` where the file can no longer be read as it was. */
  async #encode(
    { message }: OpenRequest,
    { entry, content }: { readonly entry: FileEntry; readonly content: SecretContent },
  ): Promise<OutgoingContent | null> {
    try {
      const size = entry.size - content.offset;
      const acceptsDeflate = message.acceptsDeflate === true;
      return await chooseEncoding(content, { size, acceptsDeflate });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code !== "file-changed") this.#faults.set(entry.path, error.code);
      return null;
    }
  }

  async #sendStatus(request: OpenRequest, status: DataStatus): Promise<void> {
    this.#requests.delete(request);
    await this.#sendData({ id: request.message.id, status, content: null });
  }

  async #sendData(data: Omit<DataMessage, "state">): Promise<void> {
    await sendMessage(this.#session, { state: "DATA", ...data });
  }
}
