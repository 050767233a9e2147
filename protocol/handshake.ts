/**
 * The dialogue that opens a session, both roles in the order of their messages (spec, sections 2 to
 * 6).
 *
 * @module
 */
import { copyBytes, randomBytes } from "./bytes.ts";
import {
  type AgentClaim,
  type AgentReadiness,
  decodeAgentClaim,
  decodeKeeperAnswer,
  decodeReadiness,
  encodeAgentClaim,
  encodeFailure,
  encodeKeeperAnswer,
  encodeReadiness,
  failureCode,
} from "./confirmation.ts";
import type { Duplex } from "./duplex.ts";
import { proveEnrolment } from "./enrolment.ts";
import { OriginalPeerError, PeerRejectedError, ProtocolError } from "./errors.ts";
import { encodeMessageFrame } from "./frame.ts";
import type { FrameWriter } from "./frame_writer.ts";
import { readMessage, startFrames } from "./handshake_frames.ts";
import type {
  AgentHandshakeOptions,
  HandshakeOptions,
  KeeperHandshakeOptions,
  OriginalGreeting,
} from "./handshake_options.ts";
import { identityDigestHex, signTranscript, verifyIdentityProof } from "./identity.ts";
import { wrapSecret } from "./key_wrap.ts";
import {
  FAREWELL_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  MAX_OPENING_LINE_BYTES,
  OPENING_NONCE_BYTES,
  OPENING_TIMEOUT_MS,
  SESSION_SECRET_BYTES,
} from "./limits.ts";
import { Link } from "./link.ts";
import {
  decodeAgentOpening,
  decodeKeeperOpening,
  encodeAgentOpening,
  encodeKeeperOpening,
  SUITE_RSA_OAEP,
} from "./opening.ts";
import { importRsaPublicKey } from "./rsa_key.ts";
import type { RsaKeyLease, RsaKeyStock } from "./rsa_key_stock.ts";
import { Session } from "./session.ts";
import type { SessionOrigin } from "./session_parts.ts";
import { proveKeeper, verifyKeeperProof } from "./statement.ts";

/** Waits for a key, but no longer than the link lasts. */
async function takeLease(link: Link, keys: Pick<RsaKeyStock, "lease">): Promise<RsaKeyLease> {
  const leasing = keys.lease();
  try {
    return await link.during(leasing);
  } catch (error) {
    leasing.then((lease) => lease.release(), () => {});
    link.fail(error);
    throw error;
  }
}

/** Ends a handshake that went wrong: the peer learns the code, if there is one that it may learn. */
async function giveUp(
  link: Link,
  failure: {
    readonly error: unknown;
    readonly writer: FrameWriter | null;
    readonly options: HandshakeOptions;
  },
): Promise<never> {
  const code = failureCode(failure.error);
  if (code !== null && failure.writer !== null && !link.isOver) {
    const { farewellTimeoutMs = FAREWELL_TIMEOUT_MS } = failure.options;
    const disarm = link.deadline(farewellTimeoutMs, "the farewell");
    try {
      await failure.writer.write(encodeMessageFrame(encodeFailure(code)));
      await failure.writer.flush();
      await link.close();
    } catch {
      // The peer is gone already; the failure that is thrown below is the one that counts.
    } finally {
      disarm();
    }
  }
  link.fail(failure.error);
  await failure.writer?.settle();
  throw failure.error;
}

/**
 * Opens a session as the agent: speaks first, proves who it is, and checks the keeper.
 *
 * @throws {ProtocolError} if the peer breaks the protocol; {@linkcode OriginalPeerError} if it speaks
 * the original's wire.
 * @throws {PeerRejectedError} if either side turns the other away.
 * @throws {ConnectionError} if the transport fails or the peer is too slow.
 *
 * @example
 * ```ts
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   identityFingerprint,
 *   importIdentity,
 *   randomBytes,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair(); // Or a connection of any kind.
 * const known = await identityFingerprint(identity.publicKey);
 * const opening = handshakeAsKeeper(keeperEnd, {
 *   policy: async ({ claim: { identity: { publicKey } } }) =>
 *     await identityFingerprint(publicKey) === known ? null : "agent-pending",
 * });
 * const agent = await handshakeAsAgent(agentEnd, {
 *   keys,
 *   identity,
 *   instance: randomBytes(16), // New at each start.
 *   software: "example/1",
 * });
 * const keeper = await opening;
 * console.assert(keeper.origin.readiness.software === "example/1");
 * await Promise.all([agent.close(), keeper.close()]);
 * ```
 */
export async function handshakeAsAgent(
  duplex: Duplex,
  options: AgentHandshakeOptions,
): Promise<Session> {
  return await openAsAgent(duplex, {
    ...options,
    onOriginal: () => {
      throw new OriginalPeerError("the peer speaks the wire of the original FluxVault");
    },
  });
}

/**
 * Opens a session as {@linkcode handshakeAsAgent} does, or hands over a connection on which the keeper
 * answered as the original's vault would. Only for peers that the operator lets speak so.
 *
 * @returns The session, or what `onOriginal` made of the greeting.
 * @throws As {@linkcode handshakeAsAgent} does; what `onOriginal` throws.
 *
 * @example
 * ```ts
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   openAsAgent,
 *   randomBytes,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 * import {
 *   acceptOriginal,
 *   generateSharedRsaKeyPair,
 * } from "@fluxvault/fluxvault/protocol/original";
 *
 * using keys = new RsaKeyStock({ generate: generateSharedRsaKeyPair }); // For both wires.
 * const [agentEnd, keeperEnd] = duplexPair();
 * const opening = handshakeAsKeeper(keeperEnd, { policy: () => null });
 * const opened = await openAsAgent(agentEnd, {
 *   keys,
 *   identity: await importIdentity(await generateIdentitySeed()),
 *   instance: randomBytes(16),
 *   software: "example/1",
 *   onOriginal: (greeting) => acceptOriginal(greeting),
 * });
 * const keeper = await opening;
 * console.assert("origin" in opened); // This one speaks protocol 2.
 * if ("origin" in opened) await Promise.all([opened.close(), keeper.close()]);
 * ```
 */
export async function openAsAgent<Other>(
  duplex: Duplex,
  options: AgentHandshakeOptions & {
    /** Takes over the connection; throws where it may not go on. */
    readonly onOriginal: (greeting: OriginalGreeting) => Other;
  },
): Promise<Session | Other> {
  const { identity, instance, app = null, component = null, now = Date.now } = options;
  const link = new Link(duplex, options.signal);
  const lease = await takeLease(link, options.keys);
  const disarm = link.deadline(options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS, "the handshake");
  let writer: FrameWriter | null = null;
  let isHandedOver = false;
  try {
    // 1. KEYSENT
    const lineFromAgent = encodeAgentOpening({
      publicKeyPem: lease.publicKeyPem,
      suites: [SUITE_RSA_OAEP],
      nonce: randomBytes(OPENING_NONCE_BYTES),
    });
    await link.write(copyBytes(lineFromAgent));

    // 2. AESKEY
    const disarmOpening = link.deadline(
      options.openingTimeoutMs ?? OPENING_TIMEOUT_MS,
      "the keeper's opening line",
    );
    const lineFromKeeper = await link.readLine(MAX_OPENING_LINE_BYTES).finally(disarmOpening);
    const opening = decodeKeeperOpening(lineFromKeeper, lease.wrappedBytes);
    if ("isOriginal" in opening) {
      const other = options.onOriginal({ link, line: lineFromKeeper, lease });
      isHandedOver = true;
      return other;
    }
    const secret = await link.during(lease.unwrap(opening.wrappedSecret));
    const exchange = { role: "agent", lineFromAgent, lineFromKeeper, secret } as const;
    const frames = await startFrames(link, exchange, options);
    writer = frames.writer;
    const { transcript, exporter } = frames;

    // 3. STARTAES to the keeper
    const { publicKey } = identity;
    const { node = null } = options;
    const enrolment = options.enrolmentSecret
      ? await proveEnrolment(options.enrolmentSecret, { transcript, publicKey, app, component })
      : null;
    const signature = await link.during(signTranscript(identity, transcript));
    const claim: AgentClaim = {
      app,
      component,
      instance,
      identity: { publicKey, signature },
      enrolment,
      node,
    };
    await writer.write(encodeMessageFrame(encodeAgentClaim(claim)));

    // 4. STARTAES from the keeper
    const keeper = decodeKeeperAnswer(await readMessage(frames, "the keeper's STARTAES"));
    const agentDigestHex = await identityDigestHex(publicKey);
    if (options.verifyStatement) {
      const check = {
        statement: { app, component, agentDigestHex, transcript },
        verify: options.verifyStatement,
        now: Math.floor(now() / 1_000),
      };
      await link.during(verifyKeeperProof(keeper, check));
    }

    // 5. READY
    lease.retire();
    const { software, wants = [] } = options;
    const readiness: AgentReadiness = { software, wants: ["files", ...wants] };
    await writer.write(encodeMessageFrame(encodeReadiness(readiness)));
    const origin: SessionOrigin = {
      transcript,
      exporter,
      claim,
      agentDigestHex,
      readiness,
      keeper,
    };
    return new Session({ role: "agent", link, reader: frames.reader, writer, origin }, options);
  } catch (error) {
    return await giveUp(link, { error, writer, options });
  } finally {
    disarm();
    if (!isHandedOver) lease.release();
  }
}

/**
 * Opens a session as the keeper: answers, checks the agent, and proves who it is where it signs.
 *
 * @throws {ProtocolError} if the peer breaks the protocol.
 * @throws {PeerRejectedError} if either side turns the other away.
 * @throws {ConnectionError} if the transport fails or the peer is too slow.
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
 * const [atAgent, atKeeper] = await Promise.allSettled([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => "agent-pending" }), // A stranger waits.
 * ]);
 * console.assert(atAgent.status === "rejected" && atAgent.reason.by === "peer");
 * console.assert(atKeeper.status === "rejected" && atKeeper.reason.code === "agent-pending");
 * ```
 */
export async function handshakeAsKeeper(
  duplex: Duplex,
  options: KeeperHandshakeOptions,
): Promise<Session> {
  const { app = null, component = null, now = Date.now } = options;
  const timeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
  const link = new Link(duplex, options.signal);
  let disarm = link.deadline(options.openingTimeoutMs ?? timeoutMs, "the agent's opening line");
  let writer: FrameWriter | null = null;
  try {
    // 1. KEYSENT
    const lineFromAgent = await link.readLine(MAX_OPENING_LINE_BYTES).finally(() => disarm());
    disarm = link.deadline(timeoutMs, "the handshake");
    const offer = decodeAgentOpening(lineFromAgent);
    if (!offer.suites.includes(SUITE_RSA_OAEP)) {
      throw new ProtocolError("suite-unsupported", "the agent offers no suite that is known here");
    }

    // 2. AESKEY
    const publicKey = await importRsaPublicKey(offer.publicKeyDer);
    const secret = randomBytes(SESSION_SECRET_BYTES);
    const lineFromKeeper = encodeKeeperOpening({
      suite: SUITE_RSA_OAEP,
      nonce: randomBytes(OPENING_NONCE_BYTES),
      wrappedSecret: await wrapSecret(publicKey, secret),
    });
    await link.write(copyBytes(lineFromKeeper));
    const exchange = { role: "keeper", lineFromAgent, lineFromKeeper, secret } as const;
    const frames = await startFrames(link, exchange, options);
    const { transcript, exporter } = frames;

    // 3. STARTAES from the agent: only now is it known that anybody holds the private key
    const message = await readMessage(frames, "the agent's STARTAES");
    writer = frames.writer;
    const claim = decodeAgentClaim(message);
    await verifyIdentityProof(claim.identity, transcript);
    const decision = await link.during(options.policy({ claim, transcript }));
    if (typeof decision === "string") {
      throw new PeerRejectedError(decision, `the agent is turned away: ${decision}`, { by: "us" });
    }
    const names = decision ?? { app, component };

    // 4. STARTAES to the agent
    const agentDigestHex = await identityDigestHex(claim.identity.publicKey);
    const issued = Math.floor(now() / 1_000);
    const statement = { ...names, agentDigestHex, transcript, issued };
    const keeper = options.signer
      ? await link.during(proveKeeper(options.signer, statement))
      : null;
    await writer.write(encodeMessageFrame(encodeKeeperAnswer(keeper)));

    // 5. READY
    const readiness = decodeReadiness(await readMessage(frames, "the agent's READY"));
    const origin: SessionOrigin = {
      transcript,
      exporter,
      claim,
      agentDigestHex,
      readiness,
      keeper,
    };
    return new Session({ role: "keeper", link, reader: frames.reader, writer, origin }, options);
  } catch (error) {
    return await giveUp(link, { error, writer, options });
  } finally {
    disarm();
  }
}
