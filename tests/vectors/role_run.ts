/**
 * One of our roles, played against the peer of a vector.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeFrame } from "../interop/second_implementation/frame.ts";
import type { Fields } from "../interop/second_implementation/json.ts";
import { Direction, KeySchedule } from "../interop/second_implementation/key_schedule.ts";
import {
  type AgentIntroduction,
  type Bytes,
  decodeManifest,
  deliverAsKeeper,
  type DeliveryReport,
  encodeHex,
  encodeManifest,
  type FileEntry,
  FluxVaultError,
  handshakeAsAgent,
  handshakeAsKeeper,
  importIdentity,
  MemorySecretSource,
  MemorySecretStore,
  receiveAsAgent,
  RsaKeyStock,
  type SecretSource,
  type Session,
  sha256Digest,
  verifyEnrolment,
} from "../../protocol/mod.ts";
import { Adversary } from "./adversary.ts";
import { type Cut, CutWire } from "./cut_wire.ts";
import * as reference from "./reference.ts";
import { header, headers, type Vector } from "./vector_file.ts";

/** How a run ended. */
export interface RoleRun {
  /** `success`, or class and code of the error. */
  readonly ended: string;
  /** The code of the FAILED at the end, or `nothing`. */
  readonly says: string;
  /** What became of the files, sorted. */
  readonly report: readonly string[];
  /** How the hooks stand. */
  readonly hooks: readonly string[];
  /** How many bytes of contents crossed the wire. */
  readonly contentBytes: number | null;
  /** What the agent holds in the end. */
  readonly store: MemorySecretStore;
  /** The session, if there was one. */
  readonly session: Session | null;
  /** The statements that the agent was shown, or the keeper signed. */
  readonly statements: readonly string[];
}

/** Long enough for everything here; a run that takes longer has lost its way. */
const TIMES = { handshakeTimeoutMs: 20_000, idleTimeoutMs: 20_000 } as const;

/** Makes the next random bytes of this length those that are given. */
function drawNext(bytes: Uint8Array): Disposable {
  const original = crypto.getRandomValues.bind(crypto);
  let isDrawn = false;
  crypto.getRandomValues = <T extends ArrayBufferView>(array: T): T => {
    if (isDrawn || array.byteLength !== bytes.length) return original(array);
    isDrawn = true;
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes);
    return array;
  };
  // The platform's own stands on the prototype.
  return { [Symbol.dispose]: () => void Reflect.deleteProperty(crypto, "getRandomValues") };
}

function copy(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

function pairs(vector: Vector, name: string): (readonly [string, Bytes])[] {
  return headers(vector, name).map((value) => {
    const space = value.indexOf(" ");
    return [value.slice(0, space), new TextEncoder().encode(value.slice(space + 1))];
  });
}

async function entryOf(path: string, bytes: Bytes): Promise<FileEntry> {
  const digest = encodeHex(await sha256Digest(bytes));
  return { kind: "file", path, digest, size: bytes.length, mode: 0o600, strategy: "STRICT" };
}

async function importRsaPair(
  bits: string,
): Promise<{ privateKey: CryptoKey; publicKeyPem: string }> {
  const { privateKey, publicKey } = reference.rsaKeys(bits);
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", copy(der), algorithm, false, ["decrypt"]),
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString().trimEnd(),
  };
}

const rsaPairs = new Map<string, ReturnType<typeof importRsaPair>>();

function rsaPair(bits: string): ReturnType<typeof importRsaPair> {
  const pair = rsaPairs.get(bits) ?? importRsaPair(bits);
  rsaPairs.set(bits, pair);
  return pair;
}

class Runner {
  readonly store = new MemorySecretStore();
  readonly statements: string[] = [];
  session: Session | null = null;
  readonly #vector: Vector;
  readonly #wire: CutWire;

  constructor(vector: Vector, wire: CutWire) {
    this.#vector = vector;
    this.#wire = wire;
  }

  async playAgent(): Promise<DeliveryReport> {
    const pair = rsaPair(header(this.#vector, "rsa") ?? "2048");
    const isSigned = header(this.#vector, "statement") === "required";
    await this.#fill();
    using keys = new RsaKeyStock({ generate: () => pair });
    const identity = await importIdentity(copy(reference.IDENTITY_SEED));
    using _ = drawNext(reference.AGENT_NONCE);
    this.session = await handshakeAsAgent(this.#wire.duplex, {
      ...TIMES,
      keys,
      identity,
      instance: copy(reference.INSTANCE),
      app: "myapp",
      component: "db",
      software: "vectors/1",
      now: () => 1000 * reference.NOW,
      verifyStatement: isSigned ? (text, signature) => this.#verify(text, signature) : null,
    });
    return await receiveAsAgent(this.session, this.store);
  }

  #verify(text: string, signature: string): Promise<boolean> {
    this.statements.push(text);
    return Promise.resolve(signature === reference.SIGNATURE);
  }

  async #fill(): Promise<void> {
    for (const [path, bytes] of pairs(this.#vector, "held")) {
      const staged = await this.store.stage(path);
      await staged.write(bytes);
      await staged.commit();
      if (header(this.#vector, "held-manifest") === null) continue;
      const { bytes: lines } = await encodeManifest([await entryOf(path, bytes)]);
      await this.#hold(lines);
    }
    const lines = header(this.#vector, "held-lines");
    if (lines !== null) await this.#hold(new TextEncoder().encode(JSON.parse(lines)));
  }

  async #hold(bytes: Bytes): Promise<void> {
    const message = {
      ...{ state: "MANIFEST", id: 0, revision: 0, issued: 0, expires: 0 } as const,
      ...{ digest: await sha256Digest(bytes), size: bytes.length, signature: null },
    };
    const manifest = decodeManifest(bytes);
    await this.store.keepManifest({ message, bytes, manifest, declaredBy: null });
  }

  async playKeeper(): Promise<DeliveryReport> {
    const signer = {
      address: reference.ADDRESS,
      sign: (text: string) => {
        this.statements.push(text);
        return Promise.resolve(reference.SIGNATURE);
      },
    };
    const source = await this.#source();
    this.session = await handshakeAsKeeper(this.#wire.duplex, {
      ...TIMES,
      app: "myapp",
      component: "db",
      now: () => 1000 * reference.NOW,
      signer: header(this.#vector, "statement") === "required" ? signer : null,
      policy: (introduction) => this.#admit(introduction),
    });
    return await deliverAsKeeper(this.session, source, {
      revision: 1,
      now: () => 1000 * reference.NOW,
      isPlan: header(this.#vector, "plan") !== null,
    });
  }

  async #admit({ claim, transcript }: AgentIntroduction): Promise<"enrolment-invalid" | null> {
    if (header(this.#vector, "enrolment") !== "required") return null;
    const { app, component, enrolment, identity: { publicKey } } = claim;
    if (enrolment === null) return "enrolment-invalid";
    const proof = { transcript, publicKey, app, component };
    const holds = await verifyEnrolment(copy(reference.ENROLMENT_SECRET), enrolment, proof);
    return holds ? null : "enrolment-invalid";
  }

  async #source(): Promise<SecretSource> {
    const files = new Map(pairs(this.#vector, "file"));
    for (const line of headers(this.#vector, "file-of-zeros")) {
      const [path = "", length] = line.split(" ");
      files.set(path, new Uint8Array(Number(length)));
    }
    for (let i = 0; i < Number(header(this.#vector, "file-count") ?? 0); i++) {
      files.set(`file-${`${i}`.padStart(4, "0")}`, new Uint8Array(0));
    }
    const own = await Promise.all([...files].map(([path, bytes]) => entryOf(path, bytes)));
    const lines: string = JSON.parse(header(this.#vector, "lines") ?? '""');
    const { entries: more, hooks } = decodeManifest(new TextEncoder().encode(lines));
    const source = new MemorySecretSource(own, files);
    return {
      entries: [...own, ...more],
      hooks,
      missing: new Set(headers(this.#vector, "missing")),
      open: (entry, from) => source.open(entry, from),
    };
  }
}

function lastWord(messages: readonly Fields[]): string {
  const last = messages.at(-1);
  return last?.State === "FAILED" ? `${last.Code}` : "nothing";
}

/** Opens what the role sent with the keys that the peer has. */
function openMessages(vector: Vector, wire: CutWire, adversary: Adversary): Fields[] {
  const secret = header(vector, "secret");
  const line2 = vector.steps.find((step) => step.startsWith("bytes "))?.slice("bytes ".length);
  const schedule = secret !== null && line2 !== undefined
    ? new KeySchedule(
      Buffer.from(secret, "hex"),
      wire.openingLine,
      Buffer.from(line2, "hex"),
    )
    : adversary.schedule;
  if (schedule === null) return [];
  const isAgent = header(vector, "role") === "agent";
  const from = isAgent ? schedule.agentToKeeper : schedule.keeperToAgent;
  const direction = new Direction(from, schedule.transcript);
  const messages: Fields[] = [];
  for (const frame of wire.frames) {
    const content = decodeFrame(direction.open(frame.subarray(0, 4), frame.subarray(4)));
    if (content.kind === "message") messages.push(content.fields);
  }
  return messages;
}

/** Plays a vector once. */
export async function runRole(vector: Vector, cut: Cut): Promise<RoleRun> {
  const role = header(vector, "role") === "agent" ? "agent" : "keeper";
  const wire = new CutWire(cut);
  const runner = new Runner(vector, wire);
  const adversary = new Adversary(wire, {
    against: role,
    bits: header(vector, "rsa") ?? "2048",
  });
  const playing = role === "agent" ? runner.playAgent() : runner.playKeeper();
  const [played, said] = await Promise.allSettled([
    playing,
    adversary.run(vector.steps).then(() => wire.flush()),
  ]);
  const { store, session, statements } = runner;
  if (played.status === "rejected") {
    const { reason } = played;
    if (!(reason instanceof FluxVaultError)) throw reason;
    const says = lastWord(openMessages(vector, wire, adversary));
    const ended = `${reason.name} ${reason.code}`;
    const nothing = { report: [], hooks: [], contentBytes: null };
    return { ended, says, ...nothing, store, session, statements };
  }
  if (said.status === "rejected") throw said.reason;
  const report = played.value.files.map(({ path, outcome, code }) =>
    `${path} ${outcome}${code === undefined ? "" : ` ${code}`}`
  ).sort();
  const says = lastWord(openMessages(vector, wire, adversary));
  const hooks = played.value.hooks.map(({ hook, outcome, code }) =>
    `${hook} ${outcome}${code === undefined ? "" : ` ${code}`}`
  ).sort();
  const { contentBytes } = played.value;
  return { ended: "success", says, report, hooks, contentBytes, store, session, statements };
}
