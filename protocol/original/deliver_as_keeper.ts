/**
 * What a keeper does in a session of the original's wire: gives a node the files that it asks for, as
 * far as they are its own (spec, section 5).
 *
 * @module
 */
import { ProtocolError, StorageError } from "../errors.ts";
import type { DeliveryReport } from "../exchange.ts";
import { MAX_PATH_BYTES } from "../limits.ts";
import type { FileEntry } from "../manifest_entry.ts";
import type { FileResult } from "../results.ts";
import type { SecretContent, SecretSource } from "../secret_source.ts";
import { examineText, type TextFacts } from "./file_text.ts";
import type { OriginalSession } from "./handshake.ts";
import {
  MAX_NODE_MESSAGE_BYTES,
  SPARE_CONTENT_BYTES,
  SPARE_REQUESTS,
  WHOLE_TEXT_BYTES,
} from "./limits.ts";
import { answer, type AnswerStatus, readNodeWork, unknownCommand } from "./messages.ts";
import { answerPieces, readText } from "./outgoing_text.ts";

/** What keeps the checksums of texts from being worked out again for each node, by SHA-256 in hex. */
export type TextFactsCache = Map<string, Promise<TextFacts>>;

/** What a keeper brings to a session. */
export interface OriginalDeliverOptions {
  /**
   * Returns the SHA-256 in hex of what this node was last known to hold at a path, or `null`.
   *
   * Where it is not that of the vault's file now, the file is sent though its checksum may be equal.
   *
   * @default {() => null}
   */
  readonly lastDelivered?: (path: string) => string | null;
  /** Is told what the node holds at a path from now on. */
  readonly onDelivered?: (path: string, digest: string) => void;
  /** Is told of a file that was sent with other line ends than it has: that wire knows LF alone. */
  readonly onTranslated?: (path: string) => void;
  /** Is told of contents as they leave. */
  readonly onProgress?: (path: string, bytes: number) => void;
  /**
   * Whether the node must ask for every file; one that it leaves out is a failure then.
   *
   * @default {true}
   */
  readonly expectsAll?: boolean;
  /** See {@linkcode TextFactsCache}. */
  readonly textFacts?: TextFactsCache;
}

/** The code of a file that the node's own list does not have. */
export const NOT_REQUESTED = "not-requested";
/** The code of a file that is not UTF-8, which the original's wire cannot carry. */
export const NOT_TEXT = "not-text";

/**
 * Serves a node until it is done.
 *
 * What the source does not hold is `FileNotFound`, whatever lies beside it on the disk.
 *
 * @throws {ProtocolError} if the node breaks the protocol, or asks without end.
 * @throws {ConnectionError} if the transport fails or the node is too slow.
 *
 * @example
 * ```ts
 * import {
 *   deliverOriginalAsKeeper,
 *   generateSharedRsaKeyPair,
 *   openOriginalAsAgent,
 *   openOriginalAsKeeper,
 *   receiveOriginalAsAgent,
 * } from "@fluxvault/fluxvault/protocol/original";
 * import {
 *   duplexPair,
 *   MemorySecretSource,
 *   MemorySecretStore,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock({ generate: generateSharedRsaKeyPair });
 * const [nodeEnd, vaultEnd] = duplexPair();
 * const [node, vault] = await Promise.all([
 *   openOriginalAsAgent(nodeEnd, { lease: await keys.lease() }),
 *   openOriginalAsKeeper(vaultEnd),
 * ]);
 * const source = await MemorySecretSource.from({ motd: new TextEncoder().encode("hello") });
 * const receiving = receiveOriginalAsAgent(node, new MemorySecretStore(), { files: ["motd"] });
 * const held = new Map<string, string>();
 * await deliverOriginalAsKeeper(vault, source, {
 *   onDelivered: (path, digest) => held.set(path, digest), // For `lastDelivered` the next time.
 * });
 * console.assert(held.has("motd"));
 * await receiving;
 * ```
 */
export async function deliverOriginalAsKeeper(
  session: OriginalSession,
  source: SecretSource,
  options: OriginalDeliverOptions = {},
): Promise<DeliveryReport> {
  const { link, channel, messageTimeoutMs: timeoutMs } = session;
  const delivery = new Delivery(session, { source, options });
  const what = "the node's REQUEST";
  try {
    for (;;) {
      // 5. REQUEST, or DONE: the node has taken what it was sent before
      const received = await channel.readSealed({
        what,
        maxBytes: MAX_NODE_MESSAGE_BYTES,
        timeoutMs,
      });
      delivery.confirm();
      const work = readNodeWork(received);
      if (work.kind === "done") break;
      delivery.countRequest();

      // DATA
      if (work.kind === "request") await delivery.serve(received, work);
      else await channel.writeSealed(unknownCommand(received), { newline: true });
    }
    // 6. The node waits for this side to close
    await link.close();
    return delivery.report();
  } catch (error) {
    link.fail(error);
    throw error;
  }
}

/** How much of a name that nobody here knows is reported; no path of ours is longer. */
const MAX_REPORTED_NAME = MAX_PATH_BYTES;

function shorten(name: string): string {
  if (name.length <= MAX_REPORTED_NAME) return name;
  return `${name.slice(0, MAX_REPORTED_NAME).toWellFormed()}...`;
}

/** The state of one delivery. */
class Delivery {
  readonly #session: OriginalSession;
  readonly #source: SecretSource;
  readonly #options: OriginalDeliverOptions;
  readonly #entries: ReadonlyMap<string, FileEntry>;
  readonly #textFacts: TextFactsCache;
  readonly #results = new Map<string, FileResult>();
  /** What was sent, and is confirmed by the node's next message. */
  #unconfirmed: { readonly result: FileResult; readonly digest: string } | null = null;
  #requestsLeft: number;
  #contentBytesLeft: number;
  #contentBytes = 0;

  constructor(
    session: OriginalSession,
    { source, options }: {
      readonly source: SecretSource;
      readonly options: OriginalDeliverOptions;
    },
  ) {
    this.#session = session;
    this.#source = source;
    this.#options = options;
    const files = source.entries.filter((entry) => entry.kind === "file");
    this.#entries = new Map(files.map((entry) => [entry.path, entry]));
    this.#textFacts = options.textFacts ?? new Map();
    const { size: count } = this.#entries;
    this.#requestsLeft = 2 * count + SPARE_REQUESTS;
    const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
    this.#contentBytesLeft = 2 * totalBytes + SPARE_CONTENT_BYTES;
  }

  confirm(): void {
    if (this.#unconfirmed === null) return;
    const { result, digest } = this.#unconfirmed;
    this.#unconfirmed = null;
    this.#note(result);
    this.#options.onDelivered?.(result.path, digest);
  }

  countRequest(): void {
    if (this.#requestsLeft-- > 0) return;
    throw new ProtocolError("too-many-messages", "the node asks without end");
  }

  /** Answers one request. */
  async serve(
    requested: ReadonlyMap<string, unknown>,
    { name, checksum }: { readonly name: string; readonly checksum: number },
  ): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      const isMissing = this.#source.missing.has(name) || this.#options.expectsAll === false;
      const result = { path: shorten(name), outcome: isMissing ? "missing" : "denied" } as const;
      return await this.#refuse(requested, result);
    }
    try {
      await this.#serveEntry(requested, { entry, checksum });
    } catch (error) {
      if (!(error instanceof StorageError) || this.#session.link.isOver) throw error;
      await this.#refuse(requested, { path: name, outcome: "failed", code: error.code });
    }
  }

  async #serveEntry(
    requested: ReadonlyMap<string, unknown>,
    { entry, checksum }: { readonly entry: FileEntry; readonly checksum: number },
  ): Promise<void> {
    const { path, digest } = entry;
    const facts = await this.#factsOf(entry);
    if (facts === null) return await this.#refuse(requested, { path, outcome: "changed" });
    if (!facts.isText) {
      return await this.#refuse(requested, { path, outcome: "failed", code: NOT_TEXT });
    }
    if (this.#isHeld(entry, { facts, checksum })) {
      this.#note({ path, outcome: "unchanged" });
      this.#options.onDelivered?.(path, digest);
      return await this.#answer(requested, "Match");
    }
    const content = await this.#open(entry);
    if (content === null) return await this.#refuse(requested, { path, outcome: "changed" });
    if ((this.#contentBytesLeft -= entry.size) < 0) {
      throw new ProtocolError("too-many-messages", "the node asks for more than it can need");
    }
    await this.#send(requested, { entry, content });
    if (facts.hasOtherLineEnds) this.#options.onTranslated?.(path);
    this.#contentBytes += entry.size;
    this.#unconfirmed = {
      digest,
      result: { path, outcome: checksum === 0 ? "created" : "updated" },
    };
  }

  /** Tells whether a node that has this checksum needs nothing. */
  #isHeld(
    { path, digest }: FileEntry,
    { facts, checksum }: { readonly facts: TextFacts; readonly checksum: number },
  ): boolean {
    if (facts.checksum !== checksum) return false;
    if (this.#session.dialect.trustsChecksums) return true;
    // 0 may say that the node has no file: an empty one is sent in any case.
    if (checksum === 0) return false;
    const last = this.#options.lastDelivered?.(path) ?? null;
    return last === null || last === digest;
  }

  /** Reads the file once to know its checksum; `null` if it is not what the entry says any more. */
  async #factsOf(entry: FileEntry): Promise<TextFacts | null> {
    const known = this.#textFacts.get(entry.digest);
    if (known !== undefined) return await this.#session.link.during(known);
    const content = await this.#open(entry);
    if (content === null) return null;
    const examining = examineText(content.chunks);
    this.#textFacts.set(entry.digest, examining);
    // What could not be read may be readable the next time.
    examining.catch(() => this.#textFacts.delete(entry.digest));
    return await this.#session.link.during(examining);
  }

  #open(entry: FileEntry): Promise<SecretContent | null> {
    return this.#session.link.during(this.#source.open(entry, { offset: 0, prefix: null }));
  }

  async #send(
    requested: ReadonlyMap<string, unknown>,
    { entry, content }: { readonly entry: FileEntry; readonly content: SecretContent },
  ): Promise<void> {
    const { channel } = this.#session;
    const pieces = this.#watched(entry.path, content.chunks);
    if (entry.size > WHOLE_TEXT_BYTES) {
      try {
        return await channel.writeSealedPieces(answerPieces(requested, pieces));
      } catch (error) {
        // Half a message cannot be taken back: the session is over.
        if (error instanceof StorageError) this.#session.link.fail(error);
        throw error;
      }
    }
    const body = await readText(pieces);
    await channel.writeSealed(answer(requested, { status: "Success", body }), { newline: true });
  }

  async *#watched(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      yield chunk;
      this.#options.onProgress?.(path, chunk.length);
    }
  }

  async #refuse(requested: ReadonlyMap<string, unknown>, result: FileResult): Promise<void> {
    this.#note(result);
    await this.#answer(requested, "FileNotFound");
  }

  async #answer(requested: ReadonlyMap<string, unknown>, status: AnswerStatus): Promise<void> {
    await this.#session.channel.writeSealed(answer(requested, { status }), { newline: true });
  }

  /** A file that was put in place and is asked for again was put in place. */
  #note(result: FileResult): void {
    const before = this.#results.get(result.path)?.outcome;
    const wasPut = before === "created" || before === "updated";
    if (wasPut && result.outcome === "unchanged") return;
    this.#results.set(result.path, result);
  }

  report(): DeliveryReport {
    const unasked: FileResult[] = this.#options.expectsAll === false
      ? []
      : [...this.#entries.keys()].filter((path) => !this.#results.has(path))
        .map((path) => ({ path, outcome: "failed", code: NOT_REQUESTED }));
    const files = [...this.#results.values(), ...unasked];
    return { files, hooks: [], contentBytes: this.#contentBytes };
  }
}
