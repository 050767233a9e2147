/**
 * What an agent does in a session of the original's wire: asks for its files, one after another, and
 * puts in place what it is given (spec, section 5).
 *
 * @module
 */
import { type Bytes, copyBytes, equalBytes } from "../bytes.ts";
import { createHasher, type Hasher, type HasherFactory } from "../hasher.ts";
import { FluxVaultError, ProtocolError } from "../errors.ts";
import type { DeliveryReport } from "../exchange.ts";
import type { FileResult } from "../results.ts";
import type { SecretStore, StagedFile } from "../secret_store.ts";
import { examineText } from "./file_text.ts";
import type { OriginalSession } from "./handshake.ts";
import {
  CHECKSUM_FREE_BYTES,
  FAREWELL_TIMEOUT_MS,
  MAX_NODE_LINE_BYTES,
  MAX_VAULT_MESSAGE_BYTES,
} from "./limits.ts";
import { type AnswerStatus, done, readAnswer, request } from "./messages.ts";

/** The permissions of a file that came over the original's wire, which names none. */
const FILE_MODE = 0o600;
/** No vault finds that its text has this checksum where it has just said that it has 0. */
const OTHER_CHECKSUM = 1;

/** What an agent brings to a session. */
export interface OriginalReceiveOptions {
  /** The files to ask for, in their order. */
  readonly files: readonly string[];
  /** Makes a SHA-256 hasher. @default {createHasher} */
  readonly createHasher?: HasherFactory;
  /** How long to wait for the vault to close at the end, in milliseconds. @default {2_000} */
  readonly farewellTimeoutMs?: number;
}

/**
 * Receives files until each was asked for.
 *
 * A file that cannot be put in place is a failure of its own, and the next is asked for.
 *
 * @throws {ProtocolError} if the vault breaks the protocol.
 * @throws {ConnectionError} if the transport fails or the vault is too slow.
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
 * const delivering = deliverOriginalAsKeeper(vault, source);
 * const report = await receiveOriginalAsAgent(node, new MemorySecretStore(), {
 *   files: ["motd", "another"], // On this wire the node says what it wants.
 * });
 * console.assert(report.files.map(({ outcome }) => outcome).join() === "created,missing");
 * await delivering;
 * ```
 */
export async function receiveOriginalAsAgent(
  session: OriginalSession,
  store: SecretStore,
  options: OriginalReceiveOptions,
): Promise<DeliveryReport> {
  const { link, channel, dialect, entropy } = session;
  const work = { session, store, createHasher: options.createHasher ?? createHasher };
  const files: FileResult[] = [];
  let contentBytes = 0;
  try {
    // 5. REQUEST and DATA, for each file
    for (const path of options.files) {
      const { result, bytes } = await receiveFile(path, work);
      files.push(result);
      contentBytes += bytes;
    }
    await store.settle();

    // 6. DONE; a vault of the original answers it by closing
    await channel.writeSealed(done(entropy.fill()), {
      newline: dialect.endsRequests,
      maxBytes: MAX_NODE_LINE_BYTES,
    });
    await link.closeWriting();
    await channel.drain(options.farewellTimeoutMs ?? FAREWELL_TIMEOUT_MS).catch(() => {});
    await link.close();
    return { files, hooks: [], contentBytes };
  } catch (error) {
    link.fail(error);
    throw error;
  }
}

interface Work {
  readonly session: OriginalSession;
  readonly store: SecretStore;
  readonly createHasher: HasherFactory;
}

interface Received {
  readonly result: FileResult;
  readonly bytes: number;
}

/** Asks for one file and puts it in place; throws only where the session itself is at its end. */
async function receiveFile(path: string, work: Work): Promise<Received> {
  let held: Bytes | null;
  let checksum: number;
  try {
    held = await work.store.inspect(path);
    checksum = held === null ? 0 : await heldChecksum(path, work);
  } catch (error) {
    return { result: failure(path, error), bytes: 0 };
  }
  const first = await fetchFile(path, { checksum, held, work });
  if (!first.isMatch || checksum !== 0 || work.session.dialect.trustsChecksums) return first;
  // 0 said that nothing is here; what matches that is an empty file, or one of bad luck.
  const second = await fetchFile(path, { checksum: OTHER_CHECKSUM, held, work });
  if (!second.isMatch) return second;
  throw new ProtocolError("message-unexpected", "the vault finds that two checksums match");
}

/** Asks with one checksum, and puts in place what that brings. */
async function fetchFile(
  path: string,
  { checksum, held, work }: {
    readonly checksum: number;
    readonly held: Bytes | null;
    readonly work: Work;
  },
): Promise<Received & { readonly isMatch: boolean }> {
  const text = new IncomingText(path, work);
  try {
    const status = await ask(path, { checksum, text, session: work.session });
    if (status === "Success") {
      return { result: await text.putInPlace(held), bytes: text.bytes, isMatch: false };
    }
    const isMatch = status === "Match";
    return { result: { path, outcome: isMatch ? "unchanged" : "missing" }, bytes: 0, isMatch };
  } finally {
    await text.discard();
  }
}

/** Returns the checksum to ask with: 0 wherever equal checksums would not be proof enough. */
async function heldChecksum(path: string, { store, session }: Work): Promise<number> {
  const pieces = await store.open(path);
  if (pieces === null) return 0;
  const { checksum, textBytes, isText } = await examineText(pieces);
  if (!isText) return 0;
  return session.dialect.trustsChecksums || textBytes > CHECKSUM_FREE_BYTES ? checksum : 0;
}

/** Sends one REQUEST and reads its DATA. */
async function ask(
  name: string,
  { checksum, text, session }: {
    readonly checksum: number;
    readonly text: IncomingText;
    readonly session: OriginalSession;
  },
): Promise<AnswerStatus> {
  const { channel, dialect, entropy, messageTimeoutMs: timeoutMs } = session;
  const fill = entropy.fill();
  await channel.writeSealed(request({ name, checksum, fill }), {
    newline: dialect.endsRequests,
    maxBytes: MAX_NODE_LINE_BYTES,
  });
  const members = await channel.readSealed({
    what: `the vault's DATA of ${JSON.stringify(name)}`,
    maxBytes: MAX_VAULT_MESSAGE_BYTES,
    timeoutMs,
    text: { name: "Body", sink: (utf8) => text.take(utf8) },
  });
  return readAnswer(members, { name, fill });
}

function failure(path: string, error: unknown): FileResult {
  const code = error instanceof FluxVaultError ? error.code : "io-failed";
  return { path, outcome: "failed", code };
}

/** The text of one file on its way to its place, which it reaches only once it was proven. */
class IncomingText {
  /** How many bytes came. */
  bytes = 0;
  readonly #path: string;
  readonly #store: SecretStore;
  readonly #createHasher: HasherFactory;
  #hasher: Hasher | null = null;
  #staged: StagedFile | null = null;
  #error: { readonly reason: unknown } | null = null;

  constructor(path: string, { store, createHasher }: Work) {
    this.#path = path;
    this.#store = store;
    this.#createHasher = createHasher;
  }

  /** Takes the next piece; where it cannot be kept, the rest of the message is read all the same. */
  async take(utf8: Uint8Array): Promise<void> {
    if (this.#error !== null) return;
    try {
      const { staged, hasher } = await this.#open();
      const bytes = copyBytes(utf8);
      hasher.update(bytes);
      this.bytes += bytes.length;
      await staged.write(bytes);
    } catch (reason) {
      this.#error = { reason };
    }
  }

  async #open(): Promise<{ readonly staged: StagedFile; readonly hasher: Hasher }> {
    this.#staged ??= await this.#store.stage(this.#path, { size: null, mode: FILE_MODE });
    this.#hasher ??= await this.#createHasher();
    return { staged: this.#staged, hasher: this.#hasher };
  }

  /** Puts the whole text in place, unless that is what is there already. */
  async putInPlace(held: Bytes | null): Promise<FileResult> {
    const path = this.#path;
    try {
      if (this.#error !== null) throw this.#error.reason;
      const { staged, hasher } = await this.#open();
      if (held !== null && equalBytes(hasher.digest(), held)) return { path, outcome: "unchanged" };
      const outcome = await staged.commit();
      this.#staged = null;
      return { path, outcome };
    } catch (error) {
      return failure(path, error);
    }
  }

  /** Forgets what was not put in place. */
  async discard(): Promise<void> {
    await this.#staged?.discard();
    this.#staged = null;
  }
}
