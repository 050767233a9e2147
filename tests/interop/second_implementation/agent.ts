/**
 * The agent's role from its first byte to its last.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type KeyObject, randomBytes } from "node:crypto";
import {
  checkStatement,
  composeManifestStatement,
  parsePassed,
  proveEnrolment,
  proveIdentity,
  rawKey,
  type Scope,
  signatureOf,
} from "./confirmation.ts";
import { require } from "./failure.ts";
import { type Fields, hexOf, isAbsent, MAX_NUMBER, MAX_UINT32, numberOf, wordOf } from "./json.ts";
import { Direction, KeySchedule, sha256 } from "./key_schedule.ts";
import {
  composeResults,
  countResults,
  type Entry,
  parseManifest,
  type Result,
} from "./manifest.ts";
import { composeLine1, modulusBytesOf, parseLine2, unwrapSecret } from "./opening.ts";
import { signResults } from "./result_signature.ts";
import { Session } from "./session.ts";
import { Cutter, type Transport } from "./transport.ts";

/** What an agent brings to a handshake. */
export interface AgentOptions extends Partial<Scope> {
  /** The ephemeral RSA pair. */
  readonly rsa: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  /** Its Ed25519 key. */
  readonly identity: KeyObject;
  /** Where an operator gave one. */
  readonly enrolmentSecret?: string;
  /** Recovers the signer of a text and compares; without it nothing has to be signed. */
  readonly verifier?: (text: string, signature: string) => boolean;
}

/** Speaks the agent's half of the handshake. */
export async function openAsAgent(transport: Transport, options: AgentOptions): Promise<Session> {
  const { app = null, component = null, identity, rsa } = options;
  const cutter = new Cutter(transport);
  const line1 = composeLine1(rsa.publicKey, randomBytes(32));
  await transport.write(line1);
  const line2 = await cutter.line();
  const wrapped = parseLine2(line2, modulusBytesOf(rsa.publicKey));
  const schedule = new KeySchedule(unwrapSecret(rsa.privateKey, wrapped), line1, line2);
  const { transcript } = schedule;
  const session = new Session({
    transport,
    cutter,
    schedule,
    outgoing: new Direction(schedule.agentToKeeper, transcript),
    incoming: new Direction(schedule.keeperToAgent, transcript),
    role: "agent",
  });
  const key = rawKey(identity);
  const proof = options.enrolmentSecret === undefined ? {} : {
    Enrolment: proveEnrolment(options.enrolmentSecret, transcript, key, { app, component })
      .toString("hex"),
  };
  await session.send({
    State: "STARTAES",
    Text: "Test",
    App: app,
    Component: component,
    Instance: randomBytes(16).toString("hex"),
    Identity: {
      Key: key.toString("hex"),
      Signature: proveIdentity(identity, transcript).toString("hex"),
    },
    ...proof,
  });
  try {
    const claim = parsePassed(await session.message("STARTAES"));
    if (options.verifier !== undefined) {
      const now = Math.floor(Date.now() / 1000);
      checkStatement(claim, { app, component, key, transcript, now }, options.verifier);
    }
  } catch (error) {
    return await session.fail(error);
  }
  await session.send({ State: "READY", Software: "second/1", Wants: ["files"] });
  session.start();
  return session;
}

/** What an agent has and wants. */
export interface ReceiveOptions {
  /** The files it holds, which it changes. */
  readonly held: Map<string, Buffer>;
  /** The digest of the manifest that it holds, and the manifest. */
  readonly manifest?: Buffer;
  /** Files to ask for beyond the manifest. */
  readonly also?: readonly string[];
  /** The beginnings of files that an earlier session left. */
  readonly partial?: ReadonlyMap<string, Buffer>;
  /** How many requests may be open; at most 64. */
  readonly inFlight?: number;
  /** Signs the results; they go unsigned without it. */
  readonly identity?: KeyObject;
  /** What a manifest must be for and not be older than, and what recovers and compares its signer. */
  readonly signed?: Scope & {
    readonly key: Uint8Array;
    readonly lastRevision: number;
    readonly verifier: (text: string, signature: string) => boolean;
  };
}

/** What came of it. */
export interface Received {
  /** Each file that is not unchanged. */
  readonly results: readonly Result[];
  /** The manifest's bytes. */
  readonly manifest: Buffer;
  /** How many bytes of contents came over the wire. */
  readonly contentBytes: number;
  /** The answers to requests, by path. */
  readonly statuses: ReadonlyMap<string, string>;
}

function checkManifest(message: Fields, signed: ReceiveOptions["signed"]): void {
  const revision = numberOf(message, "Revision", MAX_NUMBER);
  const issued = numberOf(message, "Issued", MAX_NUMBER);
  const expires = numberOf(message, "Expires", MAX_NUMBER);
  const signature = isAbsent(message.Signature) ? null : signatureOf(message);
  if (signed === undefined) return;
  const digest = hexOf(message, "Digest", 32);
  const text = composeManifestStatement({ ...signed, revision, issued, expires, digest });
  require(signature !== null, "statement-missing");
  require(signed.verifier(text, signature), "statement-invalid");
  require(Math.floor(Date.now() / 1000) <= expires, "manifest-stale", "its time");
  require(revision >= signed.lastRevision, "manifest-stale", "its revision");
}

async function readManifest(session: Session, options: ReceiveOptions): Promise<Buffer> {
  const { manifest: held, signed } = options;
  const message = await session.message("MANIFEST");
  const Id = numberOf(message, "Id", MAX_UINT32);
  checkManifest(message, signed);
  const digest = hexOf(message, "Digest", 32);
  const size = numberOf(message, "Size", MAX_NUMBER);
  require(size <= 33_554_432, "manifest-too-large");
  const same = held !== undefined && sha256(held).equals(digest);
  await session.send({ State: "MANIFEST-REPLY", Id, Held: same });
  if (same) return held;
  const data = await session.message("MANIFEST-DATA");
  const isIt = data.Id === Id && data.Stream !== undefined && data.StreamSize === size;
  require(isIt, "message-unexpected", "another manifest than announced");
  const bytes = await session.stream(data);
  require(sha256(bytes).equals(digest), "digest-mismatch");
  return bytes;
}

/** Receives what the keeper has for this agent, installs it, and reports. */
export async function receive(session: Session, options: ReceiveOptions): Promise<Received> {
  try {
    const manifest = await readManifest(session, options);
    const work = new Work(session, options, parseManifest(manifest));
    await work.run();
    const { results, contentBytes, statuses, unchanged } = work;
    const lines = composeResults(results);
    const counts = countResults(results, unchanged);
    const digest = sha256(lines);
    const { transcript } = session.schedule;
    const Signature = options.identity === undefined ? {} : {
      Signature: signResults(options.identity, { transcript, digest, counts }).toString("hex"),
    };
    await session.sendWithStream({
      State: "DONE",
      Counts: counts,
      Digest: digest.toString("hex"),
      ...Signature,
    }, lines);
    await session.message("DONE-REPLY");
    await session.close();
    return { results, manifest, contentBytes, statuses };
  } catch (error) {
    return await session.fail(error);
  }
}

/** The requests of one session. */
class Work {
  readonly results: Result[] = [];
  readonly statuses = new Map<string, string>();
  contentBytes = 0;
  unchanged = 0;
  readonly #session: Session;
  readonly #options: ReceiveOptions;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(session: Session, options: ReceiveOptions, entries: readonly Entry[]) {
    this.#session = session;
    this.#options = options;
    this.#entries = new Map(entries.map((entry) => [entry.Path, entry]));
  }

  #paths(): string[] {
    const paths = [...this.#entries.values()].filter(({ Path, Digest, Strategy }) => {
      const held = this.#options.held.get(Path);
      if (held === undefined) return true;
      return Strategy === "STRICT" && sha256(held).toString("hex") !== Digest;
    }).map((entry) => entry.Path);
    const wanted = new Set([...paths, ...this.#options.also ?? []]);
    this.unchanged = [...this.#entries.keys()].filter((path) => !wanted.has(path)).length;
    return [...wanted];
  }

  #request(path: string, Id: number): Promise<void> {
    const held = this.#options.held.get(path);
    const partial = this.#options.partial?.get(path);
    const Digest = held === undefined ? null : sha256(held).toString("hex");
    const resume = partial === undefined
      ? {}
      : { Offset: partial.length, Prefix: sha256(partial).toString("hex") };
    return this.#session.send({ State: "REQUEST", Id, File: path, Digest, ...resume });
  }

  async run(): Promise<void> {
    const waiting = this.#paths();
    const unanswered = new Map<number, string>();
    const arriving = new Set<Promise<void>>();
    let id = 0;
    while (waiting.length > 0 || unanswered.size > 0) {
      const open = unanswered.size + arriving.size;
      if (waiting.length > 0 && open < (this.#options.inFlight ?? 64)) {
        const path = waiting.shift() as string;
        unanswered.set(id, path);
        await this.#request(path, id++);
        continue;
      }
      if (unanswered.size === 0) {
        await Promise.race(arriving);
        continue;
      }
      const data = await this.#session.message("DATA");
      const answered = numberOf(data, "Id", MAX_UINT32);
      const path = unanswered.get(answered);
      require(path !== undefined, "message-unexpected", "DATA for no request");
      unanswered.delete(answered);
      const answer = this.#answer(path, data).finally(() => arriving.delete(answer));
      arriving.add(answer);
    }
    await Promise.all(arriving);
  }

  async #answer(path: string, data: Fields): Promise<void> {
    const words = ["Success", "Match", "FileNotFound", "Denied", "Changed"] as const;
    const status = wordOf(data, "Status", words);
    this.statuses.set(path, status);
    if (status === "Success") return await this.#install(path, data);
    if (status === "Match") this.unchanged++;
    else {
      const Outcome = { FileNotFound: "missing", Denied: "denied", Changed: "changed" } as const;
      this.results.push({ Path: path, Outcome: Outcome[status] });
    }
  }

  async #install(path: string, data: Fields): Promise<void> {
    const entry = this.#entries.get(path);
    const partial = this.#options.partial?.get(path) ?? Buffer.alloc(0);
    require(data.Stream !== undefined, "message-malformed", "Success without a stream");
    const offset = numberOf(data, "Offset", MAX_NUMBER);
    const size = offset + numberOf(data, "StreamSize", MAX_NUMBER);
    const digest = hexOf(data, "Digest", 32);
    numberOf(data, "Mode", 0o777);
    const agrees = (offset === 0 || offset === partial.length) &&
      (entry === undefined || (entry.Size === size && entry.Digest === digest.toString("hex")));
    require(agrees, "message-unexpected", "another file than declared");
    try {
      const bytes = await this.#session.stream(data);
      this.contentBytes += bytes.length;
      const whole = Buffer.concat([partial.subarray(0, offset), bytes]);
      require(sha256(whole).equals(digest), "digest-mismatch");
      const Outcome = this.#options.held.has(path) ? "updated" : "created";
      this.#options.held.set(path, whole);
      this.results.push({ Path: path, Outcome });
    } catch (error) {
      const code = (error as { code?: string }).code ?? "io-failed";
      if (code !== "digest-mismatch" && code !== "reset") throw error;
      this.results.push({ Path: path, Outcome: "failed", Code: code });
    }
  }
}
