/** A peer that a test plays by hand: it seals what it is told to, frame by frame, lies included. */
import { type Bytes, copyBytes, randomBytes } from "../../protocol/bytes.ts";
import { encodeAgentClaim, encodeKeeperAnswer } from "../../protocol/confirmation.ts";
import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import { FluxVaultError } from "../../protocol/errors.ts";
import { decodeFrame, encodeMessageFrame, type Frame } from "../../protocol/frame.ts";
import { FrameReader } from "../../protocol/frame_reader.ts";
import { handshakeAsAgent, handshakeAsKeeper } from "../../protocol/handshake.ts";
import type {
  AgentHandshakeOptions,
  KeeperHandshakeOptions,
} from "../../protocol/handshake_options.ts";
import { signTranscript } from "../../protocol/identity.ts";
import { deriveSessionSecrets, DirectionKeys } from "../../protocol/key_schedule.ts";
import { unwrapSecret, wrapSecret } from "../../protocol/key_wrap.ts";
import { MAX_OPENING_LINE_BYTES, MAX_SEALED_BYTES } from "../../protocol/limits.ts";
import { Link } from "../../protocol/link.ts";
import {
  decodeAgentOpening,
  decodeKeeperOpening,
  encodeAgentOpening,
  encodeKeeperOpening,
  SUITE_RSA_OAEP,
} from "../../protocol/opening.ts";
import { importRsaPublicKey } from "../../protocol/rsa_key.ts";
import { FrameOpener, FrameSealer } from "../../protocol/sealing.ts";
import type { Session } from "../../protocol/session.ts";
import { hashTranscript } from "../../protocol/transcript.ts";
import { agentOptions, fixedIdentity, fixedRsaKeyPair, keeperOptions } from "./session_pair.ts";

/** One end of a connection, played frame by frame. */
export class FramePeer {
  /** The transport. */
  readonly link: Link;
  /** The transcript of the opening lines; 32 bytes. */
  readonly transcript: Bytes;
  readonly #reader: FrameReader;
  readonly #sealer: FrameSealer;

  private constructor(
    link: Link,
    keys: { readonly transcript: Bytes; readonly toSeal: Bytes; readonly toOpen: Bytes },
  ) {
    const { transcript, toSeal, toOpen } = keys;
    this.link = link;
    this.transcript = transcript;
    const opener = new FrameOpener(new DirectionKeys(toOpen, { transcript, use: "open" }));
    this.#reader = new FrameReader(link, opener);
    this.#sealer = new FrameSealer(new DirectionKeys(toSeal, { transcript, use: "seal" }));
  }

  /** Plays the keeper up to its opening line. */
  static async openAsKeeper(duplex: Duplex): Promise<FramePeer> {
    const link = new Link(duplex);
    const line1 = await link.readLine(MAX_OPENING_LINE_BYTES);
    const secret = randomBytes(32);
    const publicKey = await importRsaPublicKey(decodeAgentOpening(line1).publicKeyDer);
    const line2 = encodeKeeperOpening({
      suite: SUITE_RSA_OAEP,
      nonce: randomBytes(32),
      wrappedSecret: await wrapSecret(publicKey, secret),
    });
    await link.write(copyBytes(line2));
    const transcript = await hashTranscript(line1, line2);
    const secrets = await deriveSessionSecrets(secret, transcript);
    const { agentToKeeper: toOpen, keeperToAgent: toSeal } = secrets;
    return new FramePeer(link, { transcript, toSeal, toOpen });
  }

  /** Plays the agent up to the keeper's opening line. */
  static async openAsAgent(duplex: Duplex): Promise<FramePeer> {
    const link = new Link(duplex);
    const { publicKeyPem, privateKey } = await fixedRsaKeyPair();
    const suites = [SUITE_RSA_OAEP];
    const line1 = encodeAgentOpening({ publicKeyPem, suites, nonce: randomBytes(32) });
    await link.write(copyBytes(line1));
    const line2 = await link.readLine(MAX_OPENING_LINE_BYTES);
    const opening = decodeKeeperOpening(line2, 256);
    if ("isOriginal" in opening) throw new TypeError("the keeper speaks the original protocol");
    const { secret } = await unwrapSecret(privateKey, opening.wrappedSecret);
    const transcript = await hashTranscript(line1, line2);
    const secrets = await deriveSessionSecrets(secret, transcript);
    const { agentToKeeper: toSeal, keeperToAgent: toOpen } = secrets;
    return new FramePeer(link, { transcript, toSeal, toOpen });
  }

  /** Returns an honest STARTAES of an agent, for a test to bend. */
  async claim(): Promise<Record<string, unknown>> {
    const identity = await fixedIdentity();
    return encodeAgentClaim({
      app: null,
      component: null,
      instance: randomBytes(16),
      identity: {
        publicKey: identity.publicKey,
        signature: await signTranscript(identity, this.transcript),
      },
      enrolment: null,
      node: null,
    });
  }

  /** Sends any plaintext as the next frame; it is used up. */
  async send(plaintext: Bytes): Promise<void> {
    await this.link.write(await this.#sealer.seal(plaintext));
  }

  /** Sends a message. */
  async sendMessage(message: Readonly<Record<string, unknown>>): Promise<void> {
    await this.send(encodeMessageFrame(message));
  }

  /** Reads the next frame, or `null` at the end of the stream. */
  async readFrame(): Promise<Frame | null> {
    const plaintext = await this.#reader.read(MAX_SEALED_BYTES);
    return plaintext === null ? null : decodeFrame(plaintext);
  }

  /** Reads the next message; any other frame is an error. */
  async readMessage(): Promise<Record<string, unknown>> {
    const frame = await this.readFrame();
    if (frame?.kind !== "message") throw new TypeError(`expected a message, got ${frame?.kind}`);
    return JSON.parse(new TextDecoder().decode(frame.json));
  }

  /** Reads everything up to the end and says with which code the other side failed, if it did. */
  async readFailure(): Promise<string | null> {
    let code: string | null = null;
    for (;;) {
      const frame = await this.readFrame().catch(() => null);
      if (frame === null) return code;
      if (frame.kind !== "message") continue;
      const message = JSON.parse(new TextDecoder().decode(frame.json));
      if (message.State === "FAILED") code = message.Code;
    }
  }

  /** Breaks the connection off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.link.fail(new TypeError("the test is over"));
    await this.link.close();
  }
}

/** Opens a session as the agent against a keeper that the test plays on. */
export async function openAgentSession(
  options: Partial<AgentHandshakeOptions> = {},
): Promise<{ readonly session: Session; readonly peer: FramePeer }> {
  const [near, far] = duplexPair();
  async function play(): Promise<FramePeer> {
    const peer = await FramePeer.openAsKeeper(far);
    await peer.readMessage();
    await peer.sendMessage(encodeKeeperAnswer(null));
    await peer.readMessage();
    return peer;
  }
  const [session, peer] = await Promise.all([
    handshakeAsAgent(near, await agentOptions(options)),
    play(),
  ]);
  return { session, peer };
}

/** Opens a session as the keeper against an agent that the test plays on. */
export async function openKeeperSession(
  options: Partial<KeeperHandshakeOptions> = {},
): Promise<{ readonly session: Session; readonly peer: FramePeer }> {
  const [near, far] = duplexPair();
  async function play(): Promise<FramePeer> {
    const peer = await FramePeer.openAsAgent(far);
    await peer.sendMessage(await peer.claim());
    await peer.readMessage();
    await peer.sendMessage({ State: "READY", Software: "hand/1", Wants: ["files"] });
    return peer;
  }
  const [session, peer] = await Promise.all([
    handshakeAsKeeper(near, keeperOptions(options)),
    play(),
  ]);
  return { session, peer };
}

/** What a peer does after line 2. */
export type Play = (peer: FramePeer) => Promise<void>;
/** Runs our agent against a keeper that plays on after line 2; returns what the keeper was told. */
export async function agentAgainst(
  play: Play,
  options?: Partial<AgentHandshakeOptions>,
): Promise<[unknown, string | null]> {
  const [near, far] = duplexPair();
  const ours = handshakeAsAgent(near, await agentOptions(options)).catch((error) => error);
  const peer = await FramePeer.openAsKeeper(far);
  await peer.readMessage();
  const telling = play(peer).then(() => peer.readFailure(), () => peer.readFailure());
  const result = await ours;
  if (result instanceof FluxVaultError) return [result, await telling];
  await Promise.all([(result as Session).close(), peer[Symbol.asyncDispose]()]);
  return [result, null];
}

/** Runs our keeper against an agent that plays on after line 2. */
export async function keeperAgainst(
  play: Play,
  options?: Partial<KeeperHandshakeOptions>,
): Promise<[unknown, string | null]> {
  const [near, far] = duplexPair();
  const ours = handshakeAsKeeper(near, keeperOptions(options)).catch((error) => error);
  const peer = await FramePeer.openAsAgent(far);
  const telling = play(peer).then(() => peer.readFailure(), () => peer.readFailure());
  const result = await ours;
  if (!(result instanceof FluxVaultError)) throw new TypeError("the keeper was content");
  return [result, await telling];
}
