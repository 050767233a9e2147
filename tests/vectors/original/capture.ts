/**
 * Recorded sessions of the original's two versions, one JSON file a connection: what each side sent, to
 * the byte, and the keys. All keys are throw-away.
 *
 * @module
 */
import { base64 } from "@scure/base";
import {
  type Bytes,
  concatBytes,
  copyBytes,
  decodeHex,
  encodeUtf8,
} from "../../../protocol/bytes.ts";
import { decodePublicKeyPem } from "../../../protocol/rsa_key.ts";
import type { RsaKeyLease } from "../../../protocol/rsa_key_stock.ts";
import { CLASSES, type Dialect, PROOF_OF_CONCEPT } from "../../../protocol/original/dialect.ts";
import type { Entropy } from "../../../protocol/original/entropy.ts";

/** One message of a recorded session. */
export interface CapturedMessage {
  /** Who sent it. */
  readonly from: "node" | "vault";
  /** The exact text, newline included. */
  readonly raw: string;
  /** What is in it. */
  readonly plaintext: Readonly<Record<string, unknown>>;
}

interface CapturedFile {
  readonly b64?: string;
}

/** A recorded session. */
export interface Capture {
  /** The name of its file. */
  readonly name: string;
  /** How the node behaved. */
  readonly nodeDialect: Dialect;
  /** What was sent. */
  readonly messages: readonly CapturedMessage[];
  /** The node's key in PKCS #1. */
  readonly rsaKey: Bytes;
  /** The secret that was wrapped to it. */
  readonly secret: Bytes;
  /** The session key. */
  readonly sessionKey: Bytes;
  /** What the node held before, by name. */
  readonly nodeFiles: ReadonlyMap<string, Bytes>;
  /** What it held at the end. */
  readonly nodeFilesAfter: ReadonlyMap<string, Bytes>;
  /** What the vault held. */
  readonly vaultFiles: ReadonlyMap<string, Bytes>;
}

const FOLDER = new URL("captures/", import.meta.url);

/** Reads all recorded sessions, in the order of their names. */
export async function readCaptures(): Promise<Capture[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(FOLDER)) names.push(name);
  return await Promise.all(names.sort().map(readCapture));
}

async function readCapture(file: string): Promise<Capture> {
  const json = JSON.parse(await Deno.readTextFile(new URL(file, FOLDER)));
  const name = file.replace(/\.json$/, "");
  const sent = sentTexts(json.messages);
  const after = json.node_files_after ?? {};
  // Of the mixed sessions only the end is recorded; where all matched it is the beginning, too.
  const before = name.endsWith("all-match") ? after : {};
  const isPoc = /^(?:poc|cross-poc_node)/.test(name);
  return {
    name,
    nodeDialect: isPoc ? PROOF_OF_CONCEPT : CLASSES,
    messages: json.messages,
    rsaKey: copyBytes(base64.decode(json.rsa_private_pkcs1_base64)),
    secret: fromHex(json.rsa_wrapped_session_key_hex),
    sessionKey: fromHex(json.aes_key_hex),
    nodeFiles: readFiles(json.node_files_before ?? before, sent),
    nodeFilesAfter: readFiles(after, sent),
    vaultFiles: readFiles(json.vault_files ?? after, sent),
  };
}

/** Returns what the vault sent of each file: a recording leaves out the contents of a large one. */
function sentTexts(messages: readonly CapturedMessage[]): ReadonlyMap<string, Bytes> {
  const texts = new Map<string, Bytes>();
  for (const { plaintext: { State, FILE, Body, Status } } of messages) {
    if (State === "DATA" && Status === "Success") texts.set(String(FILE), encodeUtf8(String(Body)));
  }
  return texts;
}

function readFiles(
  files: Readonly<Record<string, CapturedFile>>,
  sent: ReadonlyMap<string, Bytes>,
): Map<string, Bytes> {
  return new Map(
    Object.entries(files).map(([path, { b64 }]) => {
      const name = path.slice(path.indexOf("/") + 1);
      const bytes = b64 === undefined ? sent.get(name) : copyBytes(base64.decode(b64));
      if (bytes === undefined) throw new TypeError(`the recording lacks ${name}`);
      return [name, bytes];
    }),
  );
}

function fromHex(text: string): Bytes {
  return decodeHex(text, text.length / 2) ?? new Uint8Array();
}

/** Returns what one side sent, to the byte. */
export function sentBy(capture: Capture, side: "node" | "vault"): Bytes[] {
  return capture.messages.filter(({ from }) => from === side).map(({ raw }) => encodeUtf8(raw));
}

/** Draws what one side of a recorded session drew. */
export class RecordedEntropy implements Entropy {
  readonly #capture: Capture;
  readonly #nonces: Bytes[];
  readonly #fills: string[];

  /** Takes the draws of one side out of a recording. */
  constructor(capture: Capture, side: "node" | "vault") {
    this.#capture = capture;
    const sent = capture.messages.filter(({ from }) => from === side);
    this.#nonces = sent.map(({ raw }) => JSON.parse(raw).nonce)
      .filter((nonce) => nonce !== undefined).map(fromHex);
    this.#fills = sent.map(({ plaintext }) => plaintext["fill"]).filter((fill) =>
      typeof fill === "string"
    );
  }

  /** Where the recording ends the draws do too: the original broke off there, and we go on. */
  nonce(): Bytes {
    return this.#nonces.shift() ?? crypto.getRandomValues(new Uint8Array(16));
  }

  fill(): string {
    return this.#fills.shift() ?? "00".repeat(16);
  }

  secret(): Bytes {
    return copyBytes(this.#capture.secret);
  }

  sessionKey(): Bytes {
    return copyBytes(this.#capture.sessionKey);
  }

  wrap(): Promise<Bytes> {
    const [aesKey] = this.#capture.messages.filter(({ from }) => from === "vault");
    return Promise.resolve(fromHex(JSON.parse(aesKey?.raw ?? "{}").enc_session_key ?? ""));
  }
}

/** Offers the key of a recorded node. */
export async function recordedLease(capture: Capture): Promise<RsaKeyLease> {
  const publicKeyPem = String(capture.messages[0]?.plaintext["PublicKey"]);
  const algorithm = { name: "RSA-OAEP", hash: "SHA-1" };
  const pkcs8 = wrapPkcs1(capture.rsaKey);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["decrypt"]);
  return {
    publicKeyPem,
    wrappedBytes: decodePublicKeyPem(publicKeyPem).length - 38,
    unwrap: () => Promise.reject(new RangeError("the recording has no protocol 2")),
    unwrapOriginal: async (wrapped) =>
      new Uint8Array(await crypto.subtle.decrypt({ name: "RSA-OAEP" }, key, wrapped)),
    retire() {},
    release() {},
  };
}

/** Wraps an RSA key in PKCS #1 into PKCS #8, as Web Crypto wants it. */
export function wrapPkcs1(key: Bytes): Bytes {
  const long = (tag: number, length: number) =>
    Uint8Array.of(tag, 0x82, length >> 8, length & 0xff);
  const head = Uint8Array.of(
    ...[0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48],
    ...[0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00],
  );
  const body = concatBytes(head, long(0x04, key.length), key);
  return concatBytes(long(0x30, body.length), body);
}
