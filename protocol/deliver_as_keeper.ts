/**
 * The work of a session in the keeper's role, in the order of its messages (spec, section 8): it says
 * what the agent should hold and answers what the agent asks for.
 *
 * @module
 */
import { type Bytes, decodeHex, encodeHex } from "./bytes.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { ProtocolError, StorageError } from "./errors.ts";
import {
  type DeliveryReport,
  finishing,
  MANIFEST_ID,
  readBytes,
  sendMessage,
  unexpected,
  WorkInbox,
} from "./exchange.ts";
import {
  MANIFEST_LIFETIME_S,
  MAX_OPEN_REQUESTS,
  SPARE_CONTENT_BYTES,
  SPARE_REQUESTS,
} from "./limits.ts";
import { type EncodedManifest, encodeManifest } from "./manifest.ts";
import { giveManifest } from "./manifest_exchange.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type {
  DataContent,
  DataMessage,
  DataStatus,
  DoneMessage,
  ManifestMessage,
  RequestMessage,
  ResultCounts,
} from "./messages.ts";
import { chooseEncoding, type OutgoingContent } from "./outgoing_content.ts";
import { verifyResults } from "./result_signature.ts";
import { countResults, decodeResults, type FileResult } from "./results.ts";
import { completeResults } from "./survey_results.ts";
import type { SecretContent, SecretSource } from "./secret_source.ts";
import { Semaphore } from "./semaphore.ts";
import type { Session } from "./session.ts";
import { type ReceiveStream, RESET_CODE, type SendStream, StreamResetError } from "./streams.ts";

const COUNTS = [
  "created",
  "updated",
  "reowned",
  "removed",
  "unchanged",
  "missing",
  "failed",
] as const satisfies readonly (keyof ResultCounts)[];

/** How many requests are answered at a time. */
const ANSWERS_IN_FLIGHT = 16;

/** The options of {@linkcode deliverAsKeeper}. */
export interface DeliverOptions {
  /** The revision of the manifest: greater than any before it. */
  readonly revision: number;
  /** The manifest of the source's entries, where many sessions share it. @default {made anew} */
  readonly manifest?: EncodedManifest;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
  /** How long the manifest is valid, in seconds. @default {MANIFEST_LIFETIME_S} */
  readonly lifetimeS?: number;
  /** Whether the agent only says what it would do; nothing is signed or sent. @default {false} */
  readonly isPlan?: boolean;
  /** Signs the manifest, or `null` where it goes unsigned. @default {null} */
  readonly sign?: ((message: ManifestMessage) => Promise<string>) | null;
  /** Is told that contents are about to leave: path, and bytes on the wire. @default {nothing} */
  readonly onContents?: (path: string, bytes: number) => void;
  /** Is told of contents as they leave: path, and bytes on the wire. @default {nothing} */
  readonly onProgress?: (path: string, bytes: number) => void;
  /** Is told what the agent said at the end, once it was checked. @default {nothing} */
  readonly onResults?: (results: {
    /** The SHA-256 of the lines of its results; 32 bytes. */
    readonly digest: Bytes;
    /** How many files ended how by its word. */
    readonly counts: ResultCounts;
    /** Its signature over both and the transcript, or `null` where it signs nothing; 64 bytes. */
    readonly signature: Bytes | null;
  }) => void;
}

/**
 * Delivers as the keeper, to the end of the session.
 *
 * @throws {ProtocolError} if the agent breaks the protocol, or asks without end.
 * @throws {ConnectionError} if the transport fails or ends early.
 * @throws {PeerRejectedError} if the agent refuses the manifest or is busy.
 */
export async function deliverAsKeeper(
  session: Session,
  source: SecretSource,
  options: DeliverOptions,
): Promise<DeliveryReport> {
  const delivery = new KeeperDelivery(session, { source, options });
  try {
    return await finishing(session, () => delivery.run());
  } finally {
    await delivery.settle();
  }
}

/** A request that was not answered in full yet. */
interface OpenRequest {
  readonly message: RequestMessage;
  /** What the answer announced; `null` before it, and where it announced nothing. */
  stream: SendStream | null;
}

/** What a keeper keeps in mind during one delivery. */
class KeeperDelivery {
  readonly #session: Session;
  readonly #inbox: WorkInbox;
  readonly #source: SecretSource;
  readonly #options: DeliverOptions;
  /** The files that may be asked for, by their paths. */
  readonly #files: ReadonlyMap<string, FileEntry>;
  readonly #places = new Semaphore(ANSWERS_IN_FLIGHT);
  readonly #requests = new Set<OpenRequest>();
  readonly #answers = new Set<Promise<void>>();
  /** Why this side could not deliver a file, by its path: the agent is only told that it changed. */
  readonly #faults = new Map<string, string>();
  #isOver = false;
  #requestsLeft: number;
  #lastRequestId = -1;
  /** How many bytes may still be read for this agent, to be sent or to be compared. */
  #bytesLeft: number;
  #contentBytes = 0;

  constructor(
    session: Session,
    parts: { readonly source: SecretSource; readonly options: DeliverOptions },
  ) {
    this.#session = session;
    this.#inbox = new WorkInbox(session);
    this.#source = parts.source;
    this.#options = parts.options;
    const files = parts.source.entries.filter((entry) => entry.kind === "file");
    this.#files = new Map(files.map((entry) => [entry.path, entry]));
    this.#requestsLeft = 2 * files.length + SPARE_REQUESTS;
    const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
    this.#bytesLeft = 2 * totalBytes + SPARE_CONTENT_BYTES;
  }

  async run(): Promise<DeliveryReport> {
    const session = this.#session;
    const { entries, hooks = [] } = this.#source;
    const { isPlan = false } = this.#options;

    // 1. MANIFEST
    const manifest = this.#options.manifest ?? await encodeManifest(entries, { hooks });
    const { bytes, digest } = manifest;
    await sendMessage(session, await this.#manifestMessage(digest, bytes.length));

    // 2. MANIFEST-REPLY, 3. MANIFEST-DATA
    await giveManifest({ session, inbox: this.#inbox }, manifest);

    // 4. REQUEST and DATA, until DONE
    for (;;) {
      const { message, stream } = await this.#inbox.next();
      if (message.state === "DONE") return await this.#finish(message, stream);
      if (message.state !== "REQUEST" || isPlan) throw unexpected(message.state);
      if (--this.#requestsLeft < 0) {
        throw new ProtocolError("too-many-messages", "the agent asks without end");
      }
      this.#startAnswer(message);
    }
  }

  /** Waits until nothing reads from the source any more. */
  async settle(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#answers);
  }

  async #manifestMessage(digest: Bytes, size: number): Promise<ManifestMessage> {
    const { revision, now = Date.now, lifetimeS = MANIFEST_LIFETIME_S } = this.#options;
    const { sign = null, isPlan = false } = this.#options;
    const issued = Math.floor(now() / 1_000);
    const message: ManifestMessage = {
      state: "MANIFEST",
      id: MANIFEST_ID,
      revision,
      issued,
      expires: issued + lifetimeS,
      digest,
      size,
      signature: null,
      ...(isPlan ? { isPlan } : {}),
    };
    return sign === null || isPlan ? message : { ...message, signature: await sign(message) };
  }

  #startAnswer(message: RequestMessage): void {
    if (message.id <= this.#lastRequestId) throw unexpected("a request with a number used before");
    this.#lastRequestId = message.id;
    // The last piece of a stream answers its request, although its source may not be done yet.
    if (this.#countOpen() >= MAX_OPEN_REQUESTS) {
      throw new ProtocolError("too-many-messages", "the agent asks more at once than it may");
    }
    const request: OpenRequest = { message, stream: null };
    this.#requests.add(request);
    const answer = this.#places.run(() => this.#answer(request))
      .catch((error) => this.#session.fail(error))
      .finally(() => {
        this.#requests.delete(request);
        this.#answers.delete(answer);
      });
    this.#answers.add(answer);
  }

  #countOpen(): number {
    let count = 0;
    for (const { stream } of this.#requests) if (stream === null || !stream.isOver) count++;
    return count;
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
    this.#bytesLeft -= entry.size;
    if (this.#bytesLeft < 0) {
      throw new ProtocolError("too-many-messages", "the agent asks for more than it can need");
    }
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
    this.#options.onContents?.(entry.path, size);
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
        this.#options.onProgress?.(entry.path, chunk.length);
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

  async #finish(done: DoneMessage, stream: ReceiveStream | null): Promise<DeliveryReport> {
    if (this.#countOpen() > 0) throw unexpected("DONE while a request was unanswered");
    const told = decodeResults(await readBytes(stream, done.digest));
    const files = this.#complete(told.files);
    const counted = countResults(files);
    for (const key of COUNTS) {
      if (counted[key] !== done.counts[key]) throw unexpected("counts that its results contradict");
    }
    await this.#checkSignature(done);
    this.#options.onResults?.(done);
    await sendMessage(this.#session, { state: "DONE-REPLY" });
    await Promise.all(this.#answers);
    return {
      files: files.map((file) => this.#explain(file)),
      hooks: told.hooks,
      contentBytes: this.#contentBytes,
    };
  }

  async #checkSignature({ signature, digest, counts }: DoneMessage): Promise<void> {
    if (signature === null) return;
    const { claim: { identity: { publicKey } }, transcript } = this.#session.origin;
    if (await verifyResults({ publicKey, signature }, { transcript, digest, counts })) return;
    throw new ProtocolError("message-malformed", "the agent's signature over its results is wrong");
  }

  /** Says of a file that only seemed to change what this side knows of it. */
  #explain(file: FileResult): FileResult {
    const code = this.#faults.get(file.path);
    const isKnown = code !== undefined && (file.outcome === "changed" || file.outcome === "failed");
    return isKnown ? { path: file.path, outcome: "failed", code } : file;
  }

  /** Adds what is unchanged, which the agent leaves out. */
  #complete(results: readonly FileResult[]): FileResult[] {
    const told = new Map(results.map((result) => [result.path, result]));
    if (told.size !== results.length) throw unexpected("two results for one file");
    return completeResults(this.#source.entries, told);
  }
}
