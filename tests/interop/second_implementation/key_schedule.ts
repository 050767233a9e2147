/**
 * From the secret and the two lines to keys, nonces and sealed frames: sections 3, 4 and 5.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { Failure, require } from "./failure.ts";

/** SHA-256. */
export function sha256(...parts: (Uint8Array | string)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** H of section 4. */
export function derive(
  key: Uint8Array,
  salt: Uint8Array,
  info: string | Uint8Array,
  length: number,
): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, info, length));
}

const FRAMES_PER_EPOCH = 65_536;
const TAG_BYTES = 16;

/** One direction: seals its frames, or opens them, in order. */
export class Direction {
  readonly #transcript: Buffer;
  #secret: Buffer;
  #key: Buffer;
  #vector: Buffer;
  #n = 0;

  /** Starts at frame 0 from A0 or K0. */
  constructor(secret: Buffer, transcript: Buffer) {
    this.#transcript = transcript;
    this.#secret = secret;
    this.#key = derive(secret, transcript, "fluxvault/2 key", 32);
    this.#vector = derive(secret, transcript, "fluxvault/2 iv", 12);
  }

  /** The key of the present epoch. */
  get key(): Buffer {
    return this.#key;
  }

  /** The vector of the present epoch. */
  get vector(): Buffer {
    return this.#vector;
  }

  /** Passes over frames, as if they had been sealed or opened. */
  skip(frames: number): void {
    for (let i = 0; i < frames; i++) this.#nextNonce();
  }

  #nextNonce(): Buffer {
    if (this.#n === FRAMES_PER_EPOCH) {
      this.#secret = derive(this.#secret, this.#transcript, "fluxvault/2 rekey", 32);
      this.#key = derive(this.#secret, this.#transcript, "fluxvault/2 key", 32);
      this.#vector = derive(this.#secret, this.#transcript, "fluxvault/2 iv", 12);
      this.#n = 0;
    }
    const nonce = Buffer.from(this.#vector);
    const counter = Buffer.alloc(12);
    counter.writeBigUInt64BE(BigInt(this.#n++), 4);
    for (let i = 0; i < 12; i++) nonce[i] = (nonce[i] as number) ^ (counter[i] as number);
    return nonce;
  }

  /** Makes the next frame of a plaintext. */
  seal(plaintext: Uint8Array): Buffer {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(plaintext.length + TAG_BYTES);
    const nonce = this.#nextNonce(); // first, since it may change the key
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(header);
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([header, body, cipher.getAuthTag()]);
  }

  /** Opens the next frame; whatever is wrong, it is `open-failed`. */
  open(header: Uint8Array, sealed: Uint8Array): Buffer {
    const nonce = this.#nextNonce();
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(header);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      const body = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
      return Buffer.concat([body, decipher.final()]);
    } catch {
      throw new Failure("open-failed");
    }
  }
}

/** What both sides derive from the secret S and the transcript T. */
export class KeySchedule {
  /** T. */
  readonly transcript: Buffer;
  /** A0. */
  readonly agentToKeeper: Buffer;
  /** K0. */
  readonly keeperToAgent: Buffer;
  /** X. */
  readonly exporterSecret: Buffer;

  /** Derives the three secrets from S and the two lines with their newlines. */
  constructor(secret: Buffer, line1: Uint8Array, line2: Uint8Array) {
    require(secret.length === 32, "TypeError", "S has 32 bytes");
    this.transcript = sha256(line1, line2);
    this.agentToKeeper = derive(secret, this.transcript, "fluxvault/2 agent to keeper", 32);
    this.keeperToAgent = derive(secret, this.transcript, "fluxvault/2 keeper to agent", 32);
    this.exporterSecret = derive(secret, this.transcript, "fluxvault/2 exporter", 32);
  }

  /** Binds something else to the session. */
  export(label: string, context: Uint8Array): Buffer {
    const info = Buffer.concat([Buffer.from(`fluxvault/2 export ${label}\0`), context]);
    return derive(this.exporterSecret, this.transcript, info, 32);
  }
}
