/**
 * The work of a session in the agent's role, in the order of its messages (spec, section 8): it takes
 * the manifest, asks for what it lacks, and tells how each file ended.
 *
 * @module
 */
import { type Bytes, encodeHex, equalBytes } from "./bytes.ts";
import { createHasher, type HasherFactory, sha256Digest } from "./digest.ts";
import { type FluxVaultError, ProtocolError, StorageError } from "./errors.ts";
import {
  type DeliveryReport,
  finishing,
  readBytes,
  sendBytes,
  sendMessage,
  unexpected,
  WorkInbox,
} from "./exchange.ts";
import type { AgentIdentity } from "./identity.ts";
import { MAX_OPEN_REQUESTS } from "./limits.ts";
import { decodeManifest } from "./manifest.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type { DataMessage, ManifestMessage } from "./messages.ts";
import { signResults } from "./result_signature.ts";
import { countResults, encodeResults, type FileOutcome, type FileResult } from "./results.ts";
import { bringWhatFits } from "./second_try.ts";
import { findPathFault } from "./secret_path.ts";
import type { SecretStore, StagedFile } from "./secret_store.ts";
import { Semaphore } from "./semaphore.ts";
import type { Session } from "./session.ts";
import { type ReceiveStream, RESET_CODE, StreamResetError } from "./streams.ts";

const DEFAULT_FILES_IN_FLIGHT = 32;

/** The options of {@linkcode receiveAsAgent}. */
export interface ReceiveOptions {
  /** Files that the agent was told to ask for, in the manifest or not. @default {[]} */
  readonly files?: readonly string[];
  /** How many files are worked on at a time; 1 to 64. @default {32} */
  readonly filesInFlight?: number;
  /** Makes a SHA-256 hasher. @default {createHasher} */
  readonly createHasher?: HasherFactory;
  /**
   * Accepts or refuses a manifest before its entries are acted on, by throwing. @default {accepts}
   */
  readonly checkManifest?: (message: ManifestMessage) => Promise<void> | void;
  /** Signs the results, for the keeper to keep; `null` where they go unsigned. @default {null} */
  readonly identity?: AgentIdentity | null;
}

/**
 * Receives as the agent, to the end of the session.
 *
 * @throws {ProtocolError} if the keeper breaks the protocol.
 * @throws {ConnectionError} if the transport fails or ends early.
 * @throws {PeerRejectedError} if the manifest is refused.
 * @throws {RangeError} if a path to ask for is malformed, or no file may be worked on.
 */
export function receiveAsAgent(
  session: Session,
  store: SecretStore,
  options: ReceiveOptions = {},
): Promise<DeliveryReport> {
  return finishing(session, () => new AgentDelivery(session, { store, options }).run());
}

interface Answer {
  readonly data: DataMessage;
  readonly stream: ReceiveStream | null;
}

/** What an agent keeps in mind during one delivery. */
class AgentDelivery {
  readonly #session: Session;
  readonly #inbox: WorkInbox;
  readonly #store: SecretStore;
  readonly #options: ReceiveOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #isDone = false;
  /** What ended the session; nothing more is asked for after it. */
  #failure: { readonly reason: unknown } | null = null;
  #nextId = 1;
  #contentBytes = 0;

  constructor(
    session: Session,
    parts: { readonly store: SecretStore; readonly options: ReceiveOptions },
  ) {
    this.#session = session;
    this.#inbox = new WorkInbox(session);
    this.#store = parts.store;
    this.#options = parts.options;
    this.#done.promise.catch(() => {});
    const { files = [], filesInFlight = DEFAULT_FILES_IN_FLIGHT } = parts.options;
    if (!(filesInFlight >= 1)) throw new RangeError("at least one file is worked on at a time");
    for (const path of files) {
      const fault = findPathFault(path);
      if (fault !== null) throw new RangeError(`the path of a file to ask for ${fault}`);
    }
  }

  async run(): Promise<DeliveryReport> {
    const session = this.#session;

    // 1. MANIFEST
    const { message: manifest } = await this.#inbox.next();
    if (manifest.state !== "MANIFEST") throw unexpected("another message than a manifest");
    await this.#options.checkManifest?.(manifest);

    // 2. MANIFEST-REPLY
    const held = await this.#store.heldManifest(manifest.digest);
    const isHeld = held !== null;
    await sendMessage(session, { state: "MANIFEST-REPLY", id: manifest.id, isHeld });

    // 3. MANIFEST-DATA
    const bytes = held ?? await this.#readManifest(manifest);
    const entries = decodeManifest(bytes);
    await this.#store.keepManifest({ message: manifest, bytes, entries });

    // 4. REQUEST and DATA, several at a time
    const pump = this.#pump();
    const files = await this.#collect(entries);
    await this.#store.settle();

    // 5. DONE and its reply
    const results = encodeResults(files);
    const digest = await sha256Digest(results);
    const counts = countResults(files);
    const { identity = null } = this.#options;
    const { transcript } = session.origin;
    const signature = identity === null
      ? null
      : await signResults(identity, { transcript, digest, counts });
    this.#isDone = true;
    await sendBytes(session, results, (stream) => {
      return { state: "DONE", counts, stream, size: results.length, digest, signature };
    });
    await this.#done.promise;
    await pump;
    return { files, contentBytes: this.#contentBytes };
  }

  async #readManifest(manifest: ManifestMessage): Promise<Bytes> {
    const { message: data, stream } = await this.#inbox.next();
    if (data.state !== "MANIFEST-DATA" || data.id !== manifest.id || data.size !== manifest.size) {
      throw unexpected("another message than the manifest that it announced");
    }
    return await readBytes(stream, manifest.digest);
  }

  /** Hands every answer to the request that waits for it, until the keeper has said DONE. */
  async #pump(): Promise<void> {
    try {
      for (;;) {
        const { message, stream } = await this.#inbox.next();
        if (message.state === "DONE-REPLY" && this.#isDone) {
          this.#done.resolve();
          return;
        } else if (message.state === "DATA" && this.#waiting.has(message.id)) {
          this.#waiting.get(message.id)?.resolve({ data: message, stream });
          this.#waiting.delete(message.id);
        } else {
          throw unexpected(message.state);
        }
      }
    } catch (error) {
      this.#failure = { reason: error };
      await this.#session.fail(error);
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#done.reject(error);
    }
  }

  async #collect(entries: readonly FileEntry[]): Promise<FileResult[]> {
    const { filesInFlight = DEFAULT_FILES_IN_FLIGHT } = this.#options;
    const places = new Semaphore(Math.min(filesInFlight, MAX_OPEN_REQUESTS));
    const declared = new Set(entries.map(({ path }) => path));
    const wanted = new Set((this.#options.files ?? []).filter((path) => !declared.has(path)));
    const settled = await Promise.allSettled([
      ...entries.map((entry) => places.run(() => this.#bring(entry.path, entry))),
      ...[...wanted].map((path) => places.run(() => this.#bring(path, null))),
    ]);
    const results = settled.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    return await bringWhatFits(results, {
      entries,
      bring: (entry) => this.#bring(entry.path, entry),
    });
  }

  #throwIfOver(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }

  /** Brings one file to its declared state; only what breaks the session throws. */
  async #bring(path: string, entry: FileEntry | null): Promise<FileResult> {
    try {
      this.#throwIfOver();
      const held = await this.#store.inspect(path);
      const isKept = held !== null && entry?.strategy === "ENSURE_CREATED";
      if (isKept || (held !== null && entry !== null && encodeHex(held) === entry.digest)) {
        return { path, outcome: "unchanged" };
      }
      return { path, ...await this.#request(path, { entry, held }) };
    } catch (error) {
      const isOfThisFile = error instanceof StorageError || error instanceof StreamResetError ||
        (error instanceof ProtocolError && error.code === "digest-mismatch");
      if (!isOfThisFile) {
        await this.#session.fail(error);
        throw error;
      }
      if (error instanceof StreamResetError && error.resetCode === RESET_CODE.changed) {
        return { path, outcome: "changed" };
      }
      return { path, outcome: "failed", code: (error as FluxVaultError).code };
    }
  }

  async #request(
    path: string,
    known: { readonly entry: FileEntry | null; readonly held: Bytes | null },
  ): Promise<{ outcome: FileOutcome }> {
    this.#throwIfOver();
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(id, waiting);
    waiting.promise.catch(() => {});
    await sendMessage(this.#session, {
      state: "REQUEST",
      id,
      file: path,
      digest: known.held,
      offset: 0,
      prefix: null,
    });
    const { data, stream } = await waiting.promise;
    switch (data.status) {
      case "Success":
        return { outcome: await this.#install(path, { ...known, data, stream }) };
      case "Match":
        return { outcome: "unchanged" };
      case "FileNotFound":
        return { outcome: "missing" };
      case "Denied":
        return { outcome: "denied" };
      case "Changed":
        return { outcome: "changed" };
    }
  }

  async #install(
    path: string,
    answer: Answer & { readonly entry: FileEntry | null },
  ): Promise<FileOutcome> {
    const { data: { content }, stream, entry } = answer;
    if (content === null || stream === null) throw unexpected("a success without its stream");
    // What is installed is what the manifest declared, whatever the answer says.
    const isDeclared = entry === null ||
      (entry.digest === encodeHex(content.digest) && entry.size === content.size);
    if (content.offset !== 0 || !isDeclared) throw unexpected("another file than it declared");
    const { size, mode, digest } = content;
    let staged: StagedFile;
    try {
      staged = await this.#store.stage(path, { size, mode: entry?.mode ?? mode });
    } catch (error) {
      stream.cancel(RESET_CODE.storage);
      throw error;
    }
    try {
      const hasher = await (this.#options.createHasher ?? createHasher)();
      for await (const chunk of stream) {
        this.#contentBytes += chunk.length;
        // A disk works beside the event loop: the piece is hashed while it is written.
        const writing = staged.write(chunk);
        hasher.update(chunk);
        await writing;
      }
      if (!equalBytes(hasher.digest(), digest)) {
        throw new ProtocolError("digest-mismatch", "a file came with another digest than stated");
      }
      return await staged.commit();
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }
}
