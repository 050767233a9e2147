/**
 * The dialogue that opens a session of the original's wire, both roles in the order of their messages
 * (spec, sections 3 and 4).
 *
 * @module
 */
import { type Bytes, copyBytes } from "../bytes.ts";
import type { Duplex } from "../duplex.ts";
import { ConnectionError, OriginalRefusedError, ProtocolError } from "../errors.ts";
import type { OriginalGreeting } from "../handshake_options.ts";
import { HANDSHAKE_TIMEOUT_MS } from "../limits.ts";
import { Link } from "../link.ts";
import { MessageFields } from "../message_fields.ts";
import { checkRsaPublicKey } from "../rsa_key.ts";
import type { RsaKeyLease } from "../rsa_key_stock.ts";
import { Channel } from "./channel.ts";
import { CAREFUL, type Dialect } from "./dialect.ts";
import { EaxKey } from "./eax.ts";
import { type Entropy, PLATFORM_ENTROPY } from "./entropy.ts";
import {
  KEYSENT_TIMEOUT_MS,
  MAX_NODE_LINE_BYTES,
  MAX_NODE_MESSAGE_BYTES,
  MESSAGE_TIMEOUT_MS,
} from "./limits.ts";
import {
  aesKey,
  checkPassed,
  keySent,
  readAesKey,
  readKeySent,
  startPassed,
  startTest,
} from "./messages.ts";

/** What both roles can set. */
export interface OriginalOptions {
  /** Ends the session with the signal's reason. */
  readonly signal?: AbortSignal;
  /** When each message is due, in milliseconds, and more for its length. @default {60_000} */
  readonly messageTimeoutMs?: number;
  /** How this side behaves where the original's versions differ. @default {CAREFUL} */
  readonly dialect?: Dialect;
  /** Draws what is random. @default {PLATFORM_ENTROPY} */
  readonly entropy?: Entropy;
}

/** A session that is open. */
export interface OriginalSession {
  /** @internal The transport. */
  readonly link: Link;
  /** @internal Messages over it, sealed. */
  readonly channel: Channel;
  /** See {@linkcode OriginalOptions}. */
  readonly dialect: Dialect;
  /** See {@linkcode OriginalOptions}. */
  readonly entropy: Entropy;
  /** See {@linkcode OriginalOptions}. */
  readonly messageTimeoutMs: number;
  /** Whether the node offered a later protocol as well. */
  readonly isNodeNewer: boolean;
}

function settle(
  options: OriginalOptions,
): Pick<OriginalSession, "dialect" | "entropy" | "messageTimeoutMs"> {
  return {
    dialect: options.dialect ?? CAREFUL,
    entropy: options.entropy ?? PLATFORM_ENTROPY,
    messageTimeoutMs: options.messageTimeoutMs ?? MESSAGE_TIMEOUT_MS,
  };
}

/** Imports a node's public key for OAEP as the original has it: with SHA-1. */
async function importNodeKey(der: Bytes): Promise<CryptoKey> {
  checkRsaPublicKey(der);
  const algorithm = { name: "RSA-OAEP", hash: "SHA-1" };
  try {
    return await crypto.subtle.importKey("spki", der, algorithm, false, ["encrypt"]);
  } catch (cause) {
    throw new ProtocolError("key-malformed", "the platform refuses the public key", { cause });
  }
}

/**
 * Goes on as the agent where a vault has answered KEYSENT in the original's way.
 *
 * @throws {ProtocolError} if the vault breaks the protocol; `open-failed` if its key does not fit.
 * @throws {ConnectionError} if the transport fails or the vault is too slow.
 *
 * @example
 * ```ts
 * import {
 *   acceptOriginal,
 *   deliverOriginalAsKeeper,
 *   generateSharedRsaKeyPair,
 *   openOriginalAsKeeper,
 *   receiveOriginalAsAgent,
 * } from "@fluxvault/fluxvault/protocol/original";
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   importIdentity,
 *   MemorySecretSource,
 *   MemorySecretStore,
 *   openAsAgent,
 *   randomBytes,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const [agentEnd, vaultEnd] = duplexPair();
 * const vault = openOriginalAsKeeper(vaultEnd);
 * using keys = new RsaKeyStock({ generate: generateSharedRsaKeyPair });
 * const opened = await openAsAgent(agentEnd, {
 *   keys,
 *   identity: await importIdentity(await generateIdentitySeed()),
 *   instance: randomBytes(16),
 *   software: "example/1",
 *   onOriginal: (greeting) => acceptOriginal(greeting),
 * });
 * if ("origin" in opened) throw new Error("it speaks protocol 2 after all");
 * const source = await MemorySecretSource.from({ motd: new TextEncoder().encode("hello") });
 * const [report] = await Promise.all([
 *   receiveOriginalAsAgent(opened, new MemorySecretStore(), { files: ["motd"] }),
 *   deliverOriginalAsKeeper(await vault, source),
 * ]);
 * console.assert(report.files[0]?.outcome === "created");
 * ```
 */
export async function acceptOriginal(
  { link, line, lease }: OriginalGreeting,
  options: OriginalOptions = {},
): Promise<OriginalSession> {
  const settled = settle(options);
  const { entropy, messageTimeoutMs } = settled;
  const timeoutMs = Math.min(messageTimeoutMs, HANDSHAKE_TIMEOUT_MS);
  const channel = new Channel(link, entropy, messageTimeoutMs);
  const disarm = link.deadline(timeoutMs, "the key exchange");
  try {
    // 2. AESKEY
    const members = MessageFields.parse(line, "the vault's AESKEY").entries();
    const wrapped = readAesKey(members, lease.wrappedBytes);
    const secret = await link.during(lease.unwrapOriginal(wrapped.wrappedSecret));
    const sessionKey = await (await EaxKey.import(secret)).open(wrapped, { nonce: wrapped.nonce });
    secret.fill(0);
    if (sessionKey === null || ![16, 24, 32].includes(sessionKey.length)) {
      throw new ProtocolError("open-failed", "the vault's AESKEY cannot be opened");
    }
    channel.key = await EaxKey.import(sessionKey);
    sessionKey.fill(0);
    disarm();

    // 3. STARTAES to the vault
    const fill = entropy.fill();
    await channel.writeSealed(startTest(fill), { newline: true, maxBytes: MAX_NODE_LINE_BYTES });

    // 4. STARTAES from the vault
    const what = "the vault's STARTAES";
    checkPassed(
      await channel.readSealed({ what, maxBytes: MAX_NODE_MESSAGE_BYTES, timeoutMs }),
      fill,
    );
    lease.retire();
    return { link, channel, ...settled, isNodeNewer: true };
  } catch (error) {
    link.fail(error);
    throw error;
  } finally {
    disarm();
    lease.release();
  }
}

/**
 * Opens a session as an agent that speaks nothing else: its KEYSENT is the original's own.
 *
 * @throws {ProtocolError} if the vault breaks the protocol; `open-failed` if its key does not fit.
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
 * const receiving = receiveOriginalAsAgent(node, new MemorySecretStore(), { files: [] });
 * await deliverOriginalAsKeeper(vault, await MemorySecretSource.from({}));
 * console.assert((await receiving).files.length === 0 && !node.isNodeNewer);
 * ```
 */
export async function openOriginalAsAgent(
  duplex: Duplex,
  options: OriginalOptions & { readonly lease: RsaKeyLease },
): Promise<OriginalSession> {
  const { entropy, messageTimeoutMs } = settle(options);
  const { lease } = options;
  const link = new Link(duplex, options.signal);
  let line: Bytes;
  try {
    // 1. KEYSENT
    const clear = new Channel(link, entropy, messageTimeoutMs);
    await clear.writeClear(keySent(lease.publicKeyPem), { newline: true });
    const disarm = link.deadline(messageTimeoutMs, "the vault's AESKEY");
    line = copyBytes(await link.readLine(MAX_NODE_LINE_BYTES).finally(disarm));
  } catch (error) {
    link.fail(error);
    lease.release();
    throw error;
  }
  return { ...await acceptOriginal({ link, line, lease }, options), isNodeNewer: false };
}

/**
 * Opens a session as the keeper.
 *
 * @throws {ProtocolError} if the node breaks the protocol.
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
 * // What offers protocol 2 as well is an agent of ours: better to speak that with it.
 * console.assert(!vault.isNodeNewer);
 * const receiving = receiveOriginalAsAgent(node, new MemorySecretStore(), { files: [] });
 * await deliverOriginalAsKeeper(vault, await MemorySecretSource.from({}));
 * await receiving;
 * ```
 */
export async function openOriginalAsKeeper(
  duplex: Duplex,
  options: OriginalOptions & {
    /** When KEYSENT is due, in milliseconds. @default {60_000} */
    readonly keySentTimeoutMs?: number;
  } = {},
): Promise<OriginalSession> {
  const settled = settle(options);
  const { entropy, messageTimeoutMs: timeoutMs } = settled;
  const link = new Link(duplex, options.signal);
  const channel = new Channel(link, entropy, timeoutMs);
  const maxBytes = MAX_NODE_MESSAGE_BYTES;
  try {
    // 1. KEYSENT
    const { publicKeyDer, isNewer: isNodeNewer } = readKeySent(
      await channel.readClear({
        what: "the node's KEYSENT",
        maxBytes,
        timeoutMs: options.keySentTimeoutMs ?? KEYSENT_TIMEOUT_MS,
      }),
    );

    // 2. AESKEY
    const publicKey = await importNodeKey(publicKeyDer);
    const [secret, sessionKey, nonce] = [entropy.secret(), entropy.sessionKey(), entropy.nonce()];
    const sealed = await (await EaxKey.import(secret)).seal(sessionKey, { nonce });
    const wrappedSecret = await entropy.wrap(publicKey, secret);
    channel.key = await EaxKey.import(sessionKey);
    secret.fill(0);
    sessionKey.fill(0);
    await channel.writeClear(aesKey({ wrappedSecret, nonce, ...sealed }), { newline: true });

    // 3. STARTAES from the node
    const what = "the node's STARTAES";
    const test = await channel.readSealed({ what, maxBytes, timeoutMs }).catch((cause) => {
      const hungUp = cause instanceof ConnectionError && cause.code !== "timed-out";
      if (!isNodeNewer || !hungUp) throw cause;
      throw new OriginalRefusedError("the agent does not take the original's wire", { cause });
    });

    // 4. STARTAES to the node
    await channel.writeSealed(startPassed(test), { newline: true });
    return { link, channel, ...settled, isNodeNewer };
  } catch (error) {
    link.fail(error);
    throw error;
  }
}
