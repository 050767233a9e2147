/** Both roles of the original's wire in memory, each against ours or against a peer that a test plays. */
import {
  type Bytes,
  copyBytes,
  decodeUtf8,
  encodeHex,
  encodeUtf8,
  joinBytes,
  randomBytes,
} from "../../protocol/bytes.ts";
import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import { ConnectionError, type FluxVaultError } from "../../protocol/errors.ts";
import { Link } from "../../protocol/link.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { Channel } from "../../protocol/original/channel.ts";
import { Crc32 } from "../../protocol/original/file_text.ts";
import { EaxKey } from "../../protocol/original/eax.ts";
import { type Entropy, PLATFORM_ENTROPY } from "../../protocol/original/entropy.ts";
import {
  openOriginalAsAgent,
  openOriginalAsKeeper,
  type OriginalOptions,
  type OriginalSession,
} from "../../protocol/original/handshake.ts";
import { encodeJsonObject } from "../../protocol/original/json_text.ts";
import {
  decodePublicKeyPem,
  generateSharedRsaKeyPair,
  type RsaKeyPair,
} from "../../protocol/rsa_key.ts";
import { type RsaKeyLease, RsaKeyStock } from "../../protocol/rsa_key_stock.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import { assert, assertEquals } from "./assert.ts";
import { recordWrites } from "./duplex_cuts.ts";
import { FragileStore } from "./fragile_store.ts";
import { sampleBytes } from "./site.ts";

/** The members of a message. */
export type Message = Readonly<Record<string, unknown>>;

let pair: Promise<RsaKeyPair> | null = null;

/** Returns the RSA key pair of this test process, for peers of either wire. */
export function fixedSharedRsaKeyPair(): Promise<RsaKeyPair> {
  return pair ??= generateSharedRsaKeyPair();
}

/** A lease that tells what became of it. */
export interface WatchedLease extends RsaKeyLease {
  /** `retired` and `released`, in their order. */
  readonly ends: string[];
}

/** Leases the fixed key; the lease leaves no timer behind. */
export async function watchedLease(): Promise<WatchedLease> {
  using stock = new RsaKeyStock({ generate: fixedSharedRsaKeyPair });
  const lease = await stock.lease();
  const ends: string[] = [];
  return {
    ...lease,
    ends,
    retire(): void {
      ends.push("retired");
      lease.retire();
    },
    release(): void {
      ends.push("released");
      lease.release();
    },
  };
}

const SESSION_KEY_SEED = 77;

/** Returns the session key that {@linkcode KNOWN_KEY} draws. */
export function knownSessionKey(): Bytes {
  return sampleBytes(32, SESSION_KEY_SEED);
}

/** Entropy of a keeper whose session key a test knows; all else is random. */
export const KNOWN_KEY: Entropy = { ...PLATFORM_ENTROPY, sessionKey: knownSessionKey };

/** How a pair of sessions is opened. */
export interface OriginalPairOptions {
  /** What the agent brings. */
  readonly agent?: OriginalOptions;
  /** What the keeper brings; its session key is the known one unless it draws another. */
  readonly keeper?: OriginalOptions;
  /** Wraps the two ends of the transport, the agent's first. @default {unchanged} */
  readonly wire?: (ends: [Duplex, Duplex]) => [Duplex, Duplex];
}

/** Both ends of one session. */
export interface OriginalPair {
  /** The agent's end. */
  readonly agent: OriginalSession;
  /** The keeper's end. */
  readonly keeper: OriginalSession;
  /** The agent's key. */
  readonly lease: WatchedLease;
  /** Every write of the agent: KEYSENT first. */
  readonly agentWrites: readonly Uint8Array[];
  /** Every write of the keeper: AESKEY first. */
  readonly keeperWrites: readonly Uint8Array[];
}

/** Opens a session in memory. */
export async function openOriginalPair(options: OriginalPairOptions = {}): Promise<OriginalPair> {
  const ends = duplexPair();
  const [agentEnd, keeperEnd] = options.wire?.(ends) ?? ends;
  const lease = await watchedLease();
  const agentWrites: Uint8Array[] = [];
  const keeperWrites: Uint8Array[] = [];
  const [agent, keeper] = await Promise.all([
    openOriginalAsAgent(recordWrites(agentEnd, agentWrites), { ...options.agent, lease }),
    openOriginalAsKeeper(recordWrites(keeperEnd, keeperWrites), {
      entropy: KNOWN_KEY,
      ...options.keeper,
    }),
  ]);
  return { agent, keeper, lease, agentWrites, keeperWrites };
}

const READ = { what: "the word of our side", maxBytes: 64_000_000, timeoutMs: 20_000 };

/** Contents as an answer has them. */
export function success(body: unknown): Message {
  return { Body: body, Status: "Success" };
}

/** The answer that nothing has changed. */
export const MATCH: Message = { Status: "Match", Body: "" };
/** The answer that there is no such file. */
export const MISSING: Message = { Body: "", Status: "FileNotFound" };

/** Answers as the original does: by checksums, and with `Match` for an empty file. */
export function asOriginal(files: Readonly<Record<string, string>>): (request: Message) => Message {
  return ({ FILE, crc32 }) => {
    const text = files[String(FILE)];
    if (text === undefined) return MISSING;
    return crc32 === checksumOf(text) ? MATCH : success(text);
  };
}

/** Returns the checksum of a text. */
export function checksumOf(text: string): number {
  const crc = new Crc32();
  crc.update(encodeUtf8(text));
  return crc.value;
}

/** Files by path. */
export type Contents = Readonly<Record<string, string | Bytes>>;

function bytesOf(contents: string | Bytes): Bytes {
  return typeof contents === "string" ? encodeUtf8(contents) : contents;
}

/** Makes a source, of which a test replaces a part. */
export async function sourceOf(
  files: Contents,
  change: Partial<SecretSource> = {},
): Promise<SecretSource> {
  const bytes = Object.entries(files).map(([path, contents]) => [path, bytesOf(contents)] as const);
  const source = await MemorySecretSource.from(Object.fromEntries(bytes));
  const { entries, missing } = source;
  return { entries, missing, open: (entry, from) => source.open(entry, from), ...change };
}

/** A store that holds files already and lists what is done to it from then on. */
export async function storeOf(
  files: Contents,
  breaking: (step: string, path: string) => void = () => {},
): Promise<FragileStore & { readonly steps: string[] }> {
  const steps: string[] = [];
  let isFilled = false;
  const store = new FragileStore((step, path) => {
    if (!isFilled) return;
    steps.push(`${step} ${path}`);
    breaking(step, path);
  });
  for (const [path, contents] of Object.entries(files)) {
    const staged = await store.stage(path);
    await staged.write(bytesOf(contents));
    await staged.commit();
  }
  isFilled = true;
  return Object.assign(store, { steps });
}

/** Yields pieces of a file; an error among them is thrown when it is its turn. */
export async function* chunksOf(
  ...pieces: readonly (string | Bytes | Error)[]
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    yield await Promise.resolve(bytesOf(piece));
  }
}

/** One end of the wire that says what a test wants, as a vault or as a node. */
export class ScriptedPeer {
  /** The transport. */
  readonly link: Link;
  /** Messages over it; its key is set as soon as one is agreed. */
  readonly channel: Channel;

  /** Plays on at the end of a session that is open, or from the first byte on. */
  constructor(end: Duplex | Pick<OriginalSession, "link" | "channel">) {
    this.link = "link" in end ? end.link : new Link(end);
    this.channel = "link" in end ? end.channel : new Channel(this.link, PLATFORM_ENTROPY);
  }

  /** Reads a sealed message, a long `Body` too. */
  async read(): Promise<Message> {
    const pieces: Bytes[] = [];
    const sink = (utf8: Uint8Array): Promise<void> => {
      pieces.push(copyBytes(utf8));
      return Promise.resolve();
    };
    const members = await this.channel.readSealed({ ...READ, text: { name: "Body", sink } });
    if (typeof members.get("Body") === "symbol") members.set("Body", decodeUtf8(joinBytes(pieces)));
    return Object.fromEntries(members);
  }

  /** Reads a message in clear text. */
  async readClear(): Promise<Message> {
    return Object.fromEntries(await this.channel.readClear(READ));
  }

  /** Says something, sealed. */
  async say(message: Message): Promise<void> {
    await this.channel.writeSealed(new Map(Object.entries(message)), { newline: true });
  }

  /** Says something in clear text. */
  async sayClear(message: Message): Promise<void> {
    await this.channel.writeClear(new Map(Object.entries(message)), { newline: true });
  }

  /** Sends bytes as they are. */
  async send(bytes: Uint8Array | undefined): Promise<void> {
    await this.link.write(copyBytes(bytes ?? new Uint8Array(0)));
  }

  /** Answers a request. */
  async answer(request: Message, members: Message): Promise<void> {
    await this.say({ ...request, State: "DATA", ...members });
  }

  /** Reads the node's next request and answers it. */
  async answerNext(members: Message): Promise<Message> {
    const request = await this.read();
    await this.answer(request, members);
    return request;
  }

  /** Answers every request up to DONE, and closes; returns the requests. */
  async serve(respond: (request: Message, index: number) => Message): Promise<Message[]> {
    const requests: Message[] = [];
    for (;;) {
      const request = await this.read();
      if (request["State"] === "DONE") break;
      await this.answer(request, respond(request, requests.length));
      requests.push(request);
    }
    await this.link.close();
    return requests;
  }

  /** Asks the vault for a file and returns its answer. */
  async ask(name: unknown, crc32: unknown = 0, more: Message = {}): Promise<Message> {
    const fill = encodeHex(randomBytes(16));
    await this.say({ State: "REQUEST", FILE: name, crc32, fill, ...more });
    return await this.read();
  }

  /** Says DONE and waits for the vault to close. */
  async finish(): Promise<void> {
    await this.say({ State: "DONE", fill: encodeHex(randomBytes(16)) });
    await this.link.readSome();
    await this.link.close();
  }
}

/** How a vault that a test plays offers a key. */
export interface KeyOffer {
  /** The secret that is wrapped. @default {16 random bytes} */
  readonly secret?: Bytes;
  /** The session key. @default {32 random bytes} */
  readonly sessionKey?: Bytes;
  /** The hash of OAEP. @default {"SHA-1"} */
  readonly hash?: string;
  /** What is sent in place of what is right. */
  readonly bend?: (members: Record<string, string>) => void;
}

/** Plays a vault up to AESKEY. */
export async function sayAesKey(vault: ScriptedPeer, offer: KeyOffer = {}): Promise<void> {
  const { secret = randomBytes(16), sessionKey = randomBytes(32), hash = "SHA-1" } = offer;
  const { PublicKey } = await vault.readClear();
  const der = decodePublicKeyPem(String(PublicKey));
  const algorithm = { name: "RSA-OAEP", hash };
  const key = await crypto.subtle.importKey("spki", der, algorithm, false, ["encrypt"]);
  const wrapped = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, secret));
  const nonce = randomBytes(16);
  // A secret that is no key is wrapped, but nobody can seal with it.
  const sealer = await EaxKey.import(secret.length === 20 ? randomBytes(16) : secret);
  const { ciphertext, tag } = await sealer.seal(sessionKey, { nonce });
  const members = {
    enc_session_key: encodeHex(wrapped),
    nonce: encodeHex(nonce),
    tag: encodeHex(tag),
    cipher: encodeHex(ciphertext),
    State: "AESKEY",
  };
  offer.bend?.(members);
  if (sessionKey.length !== 20) vault.channel.key = await EaxKey.import(sessionKey);
  await vault.sayClear(members);
}

/** Plays a node up to AESKEY against a keeper of the known session key. */
export async function sayKeySent(
  node: ScriptedPeer,
  publicKeyPem: string,
  members: Message = {},
): Promise<Message> {
  await node.sayClear({ State: "KEYSENT", PublicKey: publicKeyPem, ...members });
  const answer = await node.readClear();
  node.channel.key = await EaxKey.import(knownSessionKey());
  return answer;
}

/** Seals a message or a text by hand, with the known session key, and makes a line of it. */
export async function sealLine(
  message: Message | string,
  bend: (envelope: Record<string, string>) => void = () => {},
): Promise<Bytes> {
  const nonce = randomBytes(16);
  const key = await EaxKey.import(knownSessionKey());
  const json = typeof message === "string"
    ? message
    : encodeJsonObject(new Map(Object.entries(message)));
  const { ciphertext, tag } = await key.seal(encodeUtf8(json), { nonce });
  const envelope: Record<string, string> = {
    nonce: encodeHex(nonce),
    tag: encodeHex(tag),
    ciphertext: encodeHex(ciphertext),
  };
  bend(envelope);
  return encodeUtf8(`${JSON.stringify(envelope)}\n`);
}

/**
 * Runs one side of ours against a peer that a test plays, and returns the result or the error.
 *
 * Whatever the play finds wrong fails the test, but for the end of a connection that ours has ended.
 */
export async function playAgainst<T>(
  ours: Promise<T>,
  { peer, play }: {
    readonly peer: ScriptedPeer;
    readonly play: (peer: ScriptedPeer) => Promise<unknown>;
  },
): Promise<T | Error> {
  const running = ours.catch((error) => error as Error);
  let failure: unknown = null;
  try {
    await play(peer);
  } catch (error) {
    failure = error;
  }
  if (failure !== null) peer.link.fail(failure);
  const result = await running;
  peer.link.fail(new Error("the play is over"));
  const hasHungUp = failure instanceof ConnectionError && failure.code !== "timed-out";
  if (failure !== null && !(hasHungUp && result instanceof Error)) throw failure;
  return result;
}

/** Fails unless a side of ours has ended with an error of this class and code. */
export function assertFails(
  result: unknown,
  errorClass: new (...args: never[]) => FluxVaultError,
  code: string,
): void {
  assert(result instanceof errorClass, `expected ${errorClass.name}, got ${Deno.inspect(result)}`);
  assertEquals(result.code, code, result.message);
}
