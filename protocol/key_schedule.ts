/**
 * From the session secret to the keys of each direction (spec, section 4).
 *
 * @module
 */
import { type Bytes, concatBytes, encodeUtf8 } from "./bytes.ts";
import { IV_BYTES, KEY_BYTES } from "./limits.ts";

const LABEL_AGENT_TO_KEEPER = encodeUtf8("fluxvault/2 agent to keeper");
const LABEL_KEEPER_TO_AGENT = encodeUtf8("fluxvault/2 keeper to agent");
const LABEL_EXPORTER = encodeUtf8("fluxvault/2 exporter");
const LABEL_KEY = encodeUtf8("fluxvault/2 key");
const LABEL_IV = encodeUtf8("fluxvault/2 iv");
const LABEL_REKEY = encodeUtf8("fluxvault/2 rekey");
const LABEL_EXPORT = encodeUtf8("fluxvault/2 export ");

/** The length of every derived secret in bytes. */
const SECRET_BYTES = 32;

interface Expansion {
  readonly transcript: Bytes;
  readonly info: Bytes;
  readonly length: number;
}

async function importSecret(secret: Bytes): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
}

async function expand(secret: CryptoKey, options: Expansion): Promise<Bytes> {
  const { transcript: salt, info, length } = options;
  const parameters = { name: "HKDF", hash: "SHA-256", salt, info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, secret, length * 8));
}

/**
 * Derives a value that only the two ends of this session know, another for each label and context;
 * 32 bytes (spec, section 4).
 *
 * @example
 * ```ts
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   randomBytes,
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
 * // Binds something else, such as a second connection, to this session.
 * const context = new TextEncoder().encode("upload 7");
 * const here = await agent.origin.exporter("shop upload", context);
 * const there = await keeper.origin.exporter("shop upload", context);
 * console.assert(here.length === 32 && here.join() === there.join());
 * const other = await agent.origin.exporter("shop download", context);
 * console.assert(here.join() !== other.join());
 * await Promise.all([agent.close(), keeper.close()]);
 * ```
 */
export type Exporter = (label: string, context: Bytes) => Promise<Bytes>;

/** The secrets that a session starts with. */
export interface SessionSecrets {
  /** The first secret of the direction from the agent to the keeper; 32 bytes. */
  readonly agentToKeeper: Bytes;
  /** The first secret of the direction from the keeper to the agent; 32 bytes. */
  readonly keeperToAgent: Bytes;
  /** Derives further values for binding something to this session. */
  readonly exporter: Exporter;
}

/** Derives the secrets of a session from the wrapped secret and the transcript. */
export async function deriveSessionSecrets(
  secret: Bytes,
  transcript: Bytes,
): Promise<SessionSecrets> {
  const key = await importSecret(secret);
  function derive(info: Bytes): Promise<Bytes> {
    return expand(key, { transcript, info, length: SECRET_BYTES });
  }
  const [agentToKeeper, keeperToAgent, exporterSecret] = await Promise.all([
    derive(LABEL_AGENT_TO_KEEPER),
    derive(LABEL_KEEPER_TO_AGENT),
    derive(LABEL_EXPORTER),
  ]);
  const exporterKey = await importSecret(exporterSecret);
  exporterSecret.fill(0);
  return {
    agentToKeeper,
    keeperToAgent,
    exporter(label: string, context: Bytes): Promise<Bytes> {
      const info = concatBytes(LABEL_EXPORT, encodeUtf8(label), Uint8Array.of(0), context);
      return expand(exporterKey, { transcript, info, length: SECRET_BYTES });
    },
  };
}

/** The key and initial vector of one epoch of one direction. */
export interface EpochKeys {
  /** Seals or opens the frames of the epoch. */
  readonly key: CryptoKey;
  /** What each frame's counter is mixed into; 12 bytes. */
  readonly iv: Bytes;
}

/**
 * The keys of one direction, epoch by epoch.
 *
 * An epoch's secret is erased once the next one is derived from it, so that what has been sent stays
 * closed to whoever takes the memory later.
 */
export class DirectionKeys {
  readonly #transcript: Bytes;
  readonly #usage: KeyUsage;
  #secret: Bytes;
  #epoch = -1;
  #current: Promise<EpochKeys> | null = null;

  /** Takes over the direction's first secret; the caller must not use it afterwards. */
  constructor(
    secret: Bytes,
    options: { readonly transcript: Bytes; readonly use: "seal" | "open" },
  ) {
    this.#secret = secret;
    this.#transcript = options.transcript;
    this.#usage = options.use === "seal" ? "encrypt" : "decrypt";
  }

  /**
   * Returns the keys of an epoch: the current one, or the one after it.
   *
   * @throws {RangeError} for any other epoch.
   */
  epoch(number: number): Promise<EpochKeys> {
    if (number === this.#epoch && this.#current !== null) return this.#current;
    if (number !== this.#epoch + 1) throw new RangeError(`epoch ${number} is out of order`);
    const previous = this.#current ?? Promise.resolve(null);
    this.#epoch = number;
    this.#current = previous.then(() => this.#derive(number > 0));
    return this.#current;
  }

  async #derive(isRekey: boolean): Promise<EpochKeys> {
    if (isRekey) this.#secret = await this.#next(this.#secret);
    const secret = await importSecret(this.#secret);
    const transcript = this.#transcript;
    const [raw, iv] = await Promise.all([
      expand(secret, { transcript, info: LABEL_KEY, length: KEY_BYTES }),
      expand(secret, { transcript, info: LABEL_IV, length: IV_BYTES }),
    ]);
    const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, [this.#usage]);
    raw.fill(0);
    return { key, iv };
  }

  async #next(secret: Bytes): Promise<Bytes> {
    const key = await importSecret(secret);
    const transcript = this.#transcript;
    const next = await expand(key, { transcript, info: LABEL_REKEY, length: SECRET_BYTES });
    secret.fill(0);
    return next;
  }
}
