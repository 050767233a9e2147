/**
 * One of our roles, played on any transport as a vector asks for. It uses nothing but the library and
 * what every runtime has, so that it plays in all of them.
 *
 * @module
 */
import {
  type AgentIntroduction,
  type Bytes,
  converseAsKeeper,
  decodeHex,
  decodeManifest,
  deliverAsKeeper,
  type DeliveryReport,
  type Duplex,
  encodeHex,
  encodeManifest,
  type FileEntry,
  FluxVaultError,
  handshakeAsAgent,
  handshakeAsKeeper,
  importIdentity,
  MemorySecretSource,
  MemorySecretStore,
  recallIssued,
  receiveAsAgent,
  RsaKeyStock,
  type SecretSource,
  type Session,
  type SessionCalls,
  sha256Digest,
  verifyEnrolment,
} from "../../protocol/mod.ts";
import { callsOf } from "./role_calls.ts";
import { header, headers, type Vector } from "./vector_file.ts";

/** The keys and numbers that the vectors share, as a role needs them; bytes are in hex. */
export interface RoleReference {
  /** The agent's RSA pair: PKCS #8, and the public key in PEM without a final newline. */
  readonly rsa: { readonly privateKey: string; readonly publicKeyPem: string };
  /** The seed of the agent's identity. */
  readonly identitySeed: string;
  /** The nonce of the agent. */
  readonly agentNonce: string;
  /** The process of the agent. */
  readonly instance: string;
  /** The secret that an operator gave an agent. */
  readonly enrolmentSecret: string;
  /** The address that the keeper names. */
  readonly address: string;
  /** What stands for a good signature. */
  readonly signature: string;
  /** The time, in Unix seconds. */
  readonly now: number;
}

/** How a role ended; plain data. */
export interface RolePlay {
  /** `success`, or class and code of the error. */
  readonly ended: string;
  /** What became of the files, sorted. */
  readonly report: readonly string[];
  /** How the hooks stand. */
  readonly hooks: readonly string[];
  /** How the services stand. */
  readonly services: readonly string[];
  /** How many bytes of contents crossed the wire. */
  readonly contentBytes: number | null;
  /** The files that the agent holds in the end, as text. */
  readonly files: Readonly<Record<string, string>>;
  /** The folders that the agent holds in the end. */
  readonly folders: readonly string[];
  /** The transcript and `Exporter("vector", "context")` in hex, if there was a session. */
  readonly origin: { readonly transcript: string; readonly exported: string } | null;
  /** What came of the calls that the role made. */
  readonly answers: readonly string[];
  /** The statements that the agent was shown, or the keeper signed. */
  readonly statements: readonly string[];
}

/** How long it takes to read a slow file: whatever the peer sends at once is read meanwhile. */
const SLOW_READ_MS = 500;

/** Long enough for everything here; a run that takes longer has lost its way. */
const TIMES = { handshakeTimeoutMs: 20_000, idleTimeoutMs: 20_000 } as const;

/** Makes the next random bytes of this length those that are given, until it is called off. */
function drawNext(bytes: Bytes): () => void {
  const original = crypto.getRandomValues.bind(crypto);
  let isDrawn = false;
  crypto.getRandomValues = <T extends ArrayBufferView>(array: T): T => {
    if (isDrawn || array.byteLength !== bytes.length) return original(array);
    isDrawn = true;
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes);
    return array;
  };
  // The platform's own stands on the prototype.
  return () => void Reflect.deleteProperty(crypto, "getRandomValues");
}

function bytesOf(hex: string): Bytes {
  const bytes = decodeHex(hex, hex.length / 2);
  if (bytes === null) throw new TypeError("the reference holds something but hex");
  return bytes;
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

class Player {
  readonly store = new MemorySecretStore();
  readonly statements: string[] = [];
  readonly answers: string[] = [];
  session: Session | null = null;
  readonly #vector: Vector;
  readonly #duplex: Duplex;
  readonly #reference: RoleReference;

  constructor(
    vector: Vector,
    options: { readonly duplex: Duplex; readonly reference: RoleReference },
  ) {
    this.#vector = vector;
    this.#duplex = options.duplex;
    this.#reference = options.reference;
  }

  async playAgent(): Promise<DeliveryReport> {
    const { rsa, now, signature: good } = this.#reference;
    const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
    const der = bytesOf(rsa.privateKey);
    const privateKey = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["decrypt"]);
    const pair = { privateKey, publicKeyPem: rsa.publicKeyPem };
    const isSigned = header(this.#vector, "statement") === "required";
    await this.#fill();
    const keys = new RsaKeyStock({ generate: () => Promise.resolve(pair) });
    const identity = await importIdentity(bytesOf(this.#reference.identitySeed));
    const callOff = drawNext(bytesOf(this.#reference.agentNonce));
    try {
      this.session = await handshakeAsAgent(this.#duplex, {
        ...TIMES,
        keys,
        identity,
        instance: bytesOf(this.#reference.instance),
        app: "myapp",
        component: "db",
        software: "vectors/1",
        now: () => 1000 * now,
        verifyStatement: !isSigned ? null : (text, signature) => {
          this.statements.push(text);
          return Promise.resolve(signature === good);
        },
      });
      return await receiveAsAgent(this.session, this.store, this.#calls());
    } finally {
      callOff();
      keys[Symbol.dispose]();
    }
  }

  #calls(): { readonly calls?: SessionCalls } {
    const calls = callsOf(this.#vector, this.answers);
    return calls === undefined ? {} : { calls };
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
    const manifest = recallIssued(decodeManifest(bytes), { desk: null, declaredBy: null });
    await this.store.keepManifest({ message, bytes, manifest, declaredBy: null });
  }

  async playKeeper(): Promise<DeliveryReport> {
    const { address, signature, now } = this.#reference;
    const signer = {
      address,
      sign: (text: string) => {
        this.statements.push(text);
        return Promise.resolve(signature);
      },
    };
    const source = await this.#source();
    this.session = await handshakeAsKeeper(this.#duplex, {
      ...TIMES,
      app: "myapp",
      component: "db",
      now: () => 1000 * now,
      signer: header(this.#vector, "statement") === "required" ? signer : null,
      policy: (introduction) => this.#admit(introduction),
    });
    const { calls: { work = () => Promise.resolve(), ...offered } = {} } = this.#calls();
    if (header(this.#vector, "calls-only") !== null) {
      await converseAsKeeper(this.session, work, offered);
      return { files: [], hooks: [], contentBytes: 0 };
    }
    return await deliverAsKeeper(this.session, source, {
      ...this.#calls(),
      revision: 1,
      now: () => 1000 * now,
      isPlan: header(this.#vector, "plan") !== null,
    });
  }

  async #admit({ claim, transcript }: AgentIntroduction): Promise<"enrolment-invalid" | null> {
    if (header(this.#vector, "enrolment") !== "required") return null;
    const { app, component, enrolment, identity: { publicKey } } = claim;
    if (enrolment === null) return "enrolment-invalid";
    const proof = { transcript, publicKey, app, component };
    const secret = bytesOf(this.#reference.enrolmentSecret);
    const holds = await verifyEnrolment(secret, enrolment, proof);
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
    const { entries: more, hooks, certificates = [], services = [] } = decodeManifest(
      new TextEncoder().encode(lines),
    );
    const source = new MemorySecretSource(own, files);
    return {
      entries: [...own, ...more],
      hooks,
      certificates,
      services,
      missing: new Set(headers(this.#vector, "missing")),
      open: async (entry, from) => {
        const isSlow = headers(this.#vector, "slow").includes(entry.path);
        if (isSlow) await new Promise((resolve) => setTimeout(resolve, SLOW_READ_MS));
        const hasChanged = headers(this.#vector, "changed").includes(entry.path);
        return hasChanged ? null : await source.open(entry, from);
      },
    };
  }
}

async function readOrigin(session: Session | null): Promise<RolePlay["origin"]> {
  if (session === null) return null;
  const { transcript, exporter } = session.origin;
  const exported = await exporter("vector", new TextEncoder().encode("context"));
  return { transcript: encodeHex(transcript), exported: encodeHex(exported) };
}

/** Writes what became of something, and its code where there is one. */
function outcomeOf(name: string, outcome: string, code: string | undefined): string {
  return `${name} ${outcome}${code === undefined ? "" : ` ${code}`}`;
}

/** The files of a vector that an agent must hold in the end, as it holds them. */
function readFiles(vector: Vector, store: MemorySecretStore): Record<string, string> {
  const paths = header(vector, "role") === "agent" ? pairs(vector, "file") : [];
  const decoder = new TextDecoder();
  return Object.fromEntries(paths.map(([path]) => [path, decoder.decode(store.read(path))]));
}

/** Plays a role until it ends; throws what is no error of the library. */
export async function playRole(
  vector: Vector,
  options: { readonly duplex: Duplex; readonly reference: RoleReference },
): Promise<RolePlay> {
  const player = new Player(vector, options);
  const isAgent = header(vector, "role") === "agent";
  let report: DeliveryReport | null = null;
  let ended = "success";
  try {
    report = await (isAgent ? player.playAgent() : player.playKeeper());
  } catch (error) {
    if (!(error instanceof FluxVaultError)) throw error;
    ended = `${error.name} ${error.code}`;
  }
  return {
    ended,
    report: (report?.files ?? []).map(({ path, outcome, code }) => outcomeOf(path, outcome, code))
      .sort(),
    hooks: (report?.hooks ?? []).map(({ hook, outcome, code }) => outcomeOf(hook, outcome, code))
      .sort(),
    services: (report?.services ?? [])
      .map(({ service, outcome, code }) => outcomeOf(service, outcome, code)).sort(),
    contentBytes: report?.contentBytes ?? null,
    files: readFiles(vector, player.store),
    folders: player.store.folders(),
    origin: await readOrigin(player.session),
    answers: player.answers,
    statements: player.statements,
  };
}
