/**
 * The agent's role from its first byte to its last.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
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
import { type Fields, hexOf, isAbsent, MAX_NUMBER, MAX_UINT32, numberOf, truthOf } from "./json.ts";
import { Direction, KeySchedule, sha256 } from "./key_schedule.ts";
import { parseManifest } from "./manifest.ts";
import { composeLine1, modulusBytesOf, parseLine2, unwrapSecret } from "./opening.ts";
import { ACCEPT, accepts, pack, readComing, takeComing } from "./packing.ts";
import { composeWants, isListAllowed, joinParts, parseList } from "./parts.ts";
import { signResults } from "./result_signature.ts";
import { composeResults, countResults, type HookResult, type Result } from "./results.ts";
import { Session } from "./session.ts";
import { Cutter, type Transport } from "./transport.ts";
import { Work, type WorkOptions } from "./work.ts";

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
  /** What it takes beside files. */
  readonly wants?: readonly string[];
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
  const Wants = ["files", ...options.wants ?? []];
  await session.send({ State: "READY", Software: "second/1", Wants });
  session.start();
  return session;
}

/** What an agent has and wants. */
export interface ReceiveOptions extends WorkOptions {
  /** The manifest that it holds. */
  readonly manifest?: Buffer;
  /** Whether it compresses its results where the keeper takes that. */
  readonly packs?: boolean;
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
  /** Each file and folder that is not unchanged. */
  readonly results: readonly Result[];
  /** How hooks stand. */
  readonly hooks: readonly HookResult[];
  /** How many bytes of the manifest came over the wire. */
  readonly manifestBytes: number;
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

/** What came of the manifest. */
interface Announced {
  /** Its bytes. */
  readonly manifest: Buffer;
  /** How many of them came over the wire. */
  readonly manifestBytes: number;
  /** Whether the keeper only asks what would be done. */
  readonly isPlan: boolean;
  /** Whether results may come compressed. */
  readonly takesPacked: boolean;
}

async function readManifest(session: Session, options: ReceiveOptions): Promise<Announced> {
  const { manifest: held, signed, accept = false } = options;
  const message = await session.message("MANIFEST");
  const Id = numberOf(message, "Id", MAX_UINT32);
  const isPlan = !isAbsent(message.Plan) && truthOf(message, "Plan");
  const takesPacked = accepts(message);
  if (!isPlan) checkManifest(message, signed);
  const digest = hexOf(message, "Digest", 32);
  const size = numberOf(message, "Size", MAX_NUMBER);
  require(size <= 33_554_432, "manifest-too-large");
  if (held !== undefined && sha256(held).equals(digest)) {
    await session.send({ State: "MANIFEST-REPLY", Id, Held: true });
    return { manifest: held, manifestBytes: 0, isPlan, takesPacked };
  }
  const Other = held === undefined ? {} : { Other: true };
  const members = accept ? { ...Other, ...ACCEPT } : Other;
  await session.send({ State: "MANIFEST-REPLY", Id, Held: false, ...members });
  const first = await session.message();
  require(first.Id === Id && first.Stream !== undefined, "message-unexpected", "another Id");
  const isWhole = held === undefined || first.State === "MANIFEST-DATA";
  const [manifest, manifestBytes] = isWhole
    ? await readData(session, first, { size, accept })
    : await readParts(session, first, { held, size, accept });
  require(sha256(manifest).equals(digest), "digest-mismatch");
  return { manifest, manifestBytes, isPlan, takesPacked };
}

async function readData(
  session: Session,
  data: Fields,
  { size, accept }: { readonly size: number; readonly accept: boolean },
): Promise<[Buffer, number]> {
  require(data.State === "MANIFEST-DATA", "message-unexpected", "no manifest");
  const coming = readComing(data, 33_554_432, accept);
  require(coming.size === size, "message-unexpected", "another manifest than announced");
  return [await takeComing(session, data, coming), Number(data.StreamSize)];
}

async function readParts(
  session: Session,
  first: Fields,
  { held, size, accept }: {
    readonly held: Buffer;
    readonly size: number;
    readonly accept: boolean;
  },
): Promise<[Buffer, number]> {
  const isList = first.State === "MANIFEST-PARTS" && isListAllowed(Number(first.StreamSize), size);
  require(isList, "message-unexpected", "no list of parts");
  const parts = parseList(await session.stream(first), size, held);
  await session.sendWithStream({ State: "MANIFEST-WANTS", Id: first.Id }, composeWants(parts));
  const data = await session.message("MANIFEST-DATA");
  const missing = parts.reduce((sum, { held, size }) => held === undefined ? sum + size : sum, 0);
  require(data.Id === first.Id, "message-unexpected", "another Id");
  const [came, manifestBytes] = await readData(session, data, { size: missing, accept });
  return [joinParts(parts, came), manifestBytes];
}

/** Receives what the keeper has for this agent, installs it, and reports. */
export async function receive(session: Session, options: ReceiveOptions): Promise<Received> {
  try {
    const { manifest, manifestBytes, isPlan, takesPacked } = await readManifest(session, options);
    const work = new Work(session, options, { lines: parseManifest(manifest), isPlan });
    await work.run();
    const { results, hooks, services, contentBytes, statuses, unchanged } = work;
    const lines = composeResults([...results, ...hooks, ...services]);
    const counts = countResults(results, unchanged);
    const digest = sha256(lines);
    const { transcript } = session.schedule;
    const Signature = options.identity === undefined || isPlan ? {} : {
      Signature: signResults(options.identity, { transcript, digest, counts }).toString("hex"),
    };
    const isPacked = options.packs === true && takesPacked;
    const [sent, members] = isPacked ? pack(lines) : [lines, {}];
    await session.sendWithStream({
      State: "DONE",
      Counts: counts,
      Digest: digest.toString("hex"),
      ...Signature,
      ...members,
    }, sent);
    await session.message("DONE-REPLY");
    await session.close();
    return { results, hooks, manifest, manifestBytes, contentBytes, statuses };
  } catch (error) {
    return await session.fail(error);
  }
}
