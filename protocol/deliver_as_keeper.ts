/**
 * The work of a session in the keeper's role, in the order of its messages (spec, section 8): it says
 * what the agent should hold and answers what the agent asks for.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { type RunningCalls, startCalls } from "./calls/running_calls.ts";
import type { SessionCalls } from "./calls/session_calls.ts";
import { ProtocolError } from "./errors.ts";
import {
  type DeliveryReport,
  finishing,
  MANIFEST_ID,
  readBytes,
  sendMessage,
  unexpected,
  WorkInbox,
} from "./exchange.ts";
import { FileAnswers } from "./file_answers.ts";
import { MANIFEST_LIFETIME_S } from "./limits.ts";
import { type EncodedManifest, encodeManifest } from "./manifest.ts";
import { giveManifest } from "./manifest_exchange.ts";
import type { DoneMessage, ManifestMessage, ResultCounts } from "./messages.ts";
import { verifyResults } from "./result_signature.ts";
import { countResults, decodeResults, type FileResult } from "./results.ts";
import type { SecretSource } from "./secret_source.ts";
import type { Session } from "./session.ts";
import type { ReceiveStream } from "./streams.ts";
import { completeResults } from "./survey_results.ts";

const COUNTS = [
  "created",
  "updated",
  "reowned",
  "removed",
  "unchanged",
  "missing",
  "failed",
] as const satisfies readonly (keyof ResultCounts)[];

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
  /** Whether the agent only says what it would do: nothing of it is signed. @default {false} */
  readonly isPlan?: boolean;
  /** What the agent may call, and what is called of it beside the delivery. @default {nothing} */
  readonly calls?: SessionCalls;
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
 * @throws {ProtocolError} if the agent breaks the protocol, or asks without end;
 * `manifest-malformed` or `manifest-too-large` if what the source declares makes no manifest.
 * @throws {ConnectionError} if the transport fails or ends early.
 * @throws {PeerRejectedError} if the agent refuses the manifest or is busy.
 *
 * @example
 * ```ts
 * import {
 *   deliverAsKeeper,
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   MemorySecretSource,
 *   MemorySecretStore,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const receiving = receiveAsAgent(agent, new MemorySecretStore());
 * const secret = new TextEncoder().encode("correct horse");
 * const source = await MemorySecretSource.from({ "db.password": secret });
 * const report = await deliverAsKeeper(keeper, source, {
 *   revision: 1,
 *   isPlan: true, // Only asks what the agent would do.
 * });
 * console.assert(report.files[0]?.outcome === "created" && report.contentBytes === 0);
 * await receiving;
 * ```
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

/** What a keeper keeps in mind during one delivery. */
class KeeperDelivery {
  readonly #session: Session;
  readonly #inbox: WorkInbox;
  readonly #source: SecretSource;
  readonly #options: DeliverOptions;
  readonly #answers: FileAnswers;
  #calls: RunningCalls | null = null;

  constructor(
    session: Session,
    parts: { readonly source: SecretSource; readonly options: DeliverOptions },
  ) {
    this.#session = session;
    this.#inbox = new WorkInbox(session);
    this.#source = parts.source;
    this.#options = parts.options;
    const { source, options: { onContents = () => {}, onProgress = () => {} } } = parts;
    this.#answers = new FileAnswers(session, { source, onContents, onProgress });
  }

  async run(): Promise<DeliveryReport> {
    const session = this.#session;
    const { entries, hooks = [], certificates = [], services = [] } = this.#source;
    const { isPlan = false, calls } = this.#options;
    this.#calls = startCalls(session, calls);

    // 1. MANIFEST
    const manifest = this.#options.manifest ??
      await encodeManifest(entries, { hooks, certificates, services });
    const { bytes, digest } = manifest;
    await sendMessage(session, await this.#manifestMessage(digest, bytes.length));

    // 2. MANIFEST-REPLY, 3. MANIFEST-DATA
    await giveManifest({ session, inbox: this.#inbox }, manifest);

    // 4. REQUEST and DATA, BATCH and BATCH-DATA, until DONE
    for (;;) {
      const { message, stream } = await this.#inbox.next();
      if (message.state === "DONE") return await this.#finish(message, stream);
      const isAsking = message.state === "REQUEST" || message.state === "BATCH";
      if (!isAsking || isPlan) throw unexpected(message.state);
      this.#answers.start(message);
    }
  }

  /** Waits until nothing reads from the source any more, and what makes calls has ended. */
  async settle(): Promise<void> {
    await this.#answers.stop();
    await this.#calls?.settle();
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
      acceptsDeflate: true,
    };
    // Who asks for a plan has said so in the handshake, and nothing that it brings is kept.
    return sign === null || isPlan ? message : { ...message, signature: await sign(message) };
  }

  async #finish(done: DoneMessage, stream: ReceiveStream | null): Promise<DeliveryReport> {
    if (this.#answers.countOpen() > 0) throw unexpected("DONE while a request was unanswered");
    const told = decodeResults(await readBytes(done, stream, done.digest));
    const hooks = new Set(told.hooks.map(({ hook }) => hook));
    if (hooks.size !== told.hooks.length) throw unexpected("two results for one hook");
    const { services = [] } = told;
    const named = new Set(services.map(({ service }) => service));
    if (named.size !== services.length) throw unexpected("two results for one service");
    const files = this.#complete(told.files);
    const counted = countResults(files);
    for (const key of COUNTS) {
      if (counted[key] !== done.counts[key]) throw unexpected("counts that its results contradict");
    }
    await this.#checkSignature(done);
    this.#options.onResults?.(done);
    await this.#calls?.finish();
    await sendMessage(this.#session, { state: "DONE-REPLY" });
    await this.#answers.settle();
    return {
      files: files.map((file) => this.#answers.explain(file)),
      hooks: told.hooks,
      ...(services.length === 0 ? {} : { services }),
      contentBytes: this.#answers.contentBytes,
    };
  }

  async #checkSignature({ signature, digest, counts }: DoneMessage): Promise<void> {
    if (signature === null) return;
    // What an agent signs is what it did, and not what it would do.
    if (this.#options.isPlan === true) throw unexpected("a signature over what it did not do");
    const { claim: { identity: { publicKey } }, transcript } = this.#session.origin;
    if (await verifyResults({ publicKey, signature }, { transcript, digest, counts })) return;
    throw new ProtocolError("message-malformed", "the agent's signature over its results is wrong");
  }

  /** Adds what is unchanged, which the agent leaves out. */
  #complete(results: readonly FileResult[]): FileResult[] {
    const told = new Map(results.map((result) => [result.path, result]));
    if (told.size !== results.length) throw unexpected("two results for one file");
    return completeResults(this.#source.entries, told);
  }
}
