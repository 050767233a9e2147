/**
 * The keeper's role from its first byte to its last.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { MAX_OPEN_BATCHES, type Numbered, parseBatch } from "./batches.ts";
import {
  type Claim,
  composeManifestStatement,
  composeStatement,
  parseClaim,
  type Scope,
  verifyIdentity,
} from "./confirmation.ts";
import { Failure, require } from "./failure.ts";
import {
  type Fields,
  hexOf,
  isAbsent,
  MAX_NUMBER,
  MAX_UINT32,
  numberOf,
  textOf,
  truthOf,
} from "./json.ts";
import { Direction, KeySchedule, sha256 } from "./key_schedule.ts";
import {
  composeManifest,
  entriesOf,
  type Line,
  parseManifest,
  type VaultFile,
} from "./manifest.ts";
import { isPath } from "./members.ts";
import { composeLine2, parseLine1, wrapSecret } from "./opening.ts";
import { ACCEPT, accepts, pack, readComing, takeComing } from "./packing.ts";
import { composeList, cutManifest, isListAllowed, parseWants } from "./parts.ts";
import { verifyResults } from "./result_signature.ts";
import {
  countResults,
  type Counts,
  type HookResult,
  parseResults,
  type Result,
  type ServiceResult,
} from "./results.ts";
import { Session } from "./session.ts";
import { Cutter, type Transport } from "./transport.ts";

/** What a keeper brings to a handshake. */
export interface KeeperOptions {
  /** Gives a code of refusal, or null. */
  readonly policy?: (claim: Claim, transcript: Buffer) => string | null;
  /** Signs a text, if this keeper signs. */
  readonly signer?: { readonly address: string; readonly sign: (text: string) => string };
}

/** An agent that was let in. */
export interface Opened {
  /** The session. */
  readonly session: Session;
  /** What the agent said of itself. */
  readonly claim: Claim;
}

/** Speaks the keeper's half of the handshake. */
export async function openAsKeeper(
  transport: Transport,
  options: KeeperOptions = {},
): Promise<Opened> {
  const cutter = new Cutter(transport);
  const line1 = await cutter.line();
  const { publicKey } = parseLine1(line1);
  const secret = randomBytes(32);
  const line2 = composeLine2(randomBytes(32), wrapSecret(publicKey, secret));
  await transport.write(line2);
  const schedule = new KeySchedule(secret, line1, line2);
  const { transcript } = schedule;
  const session = new Session({
    transport,
    cutter,
    schedule,
    outgoing: new Direction(schedule.keeperToAgent, transcript),
    incoming: new Direction(schedule.agentToKeeper, transcript),
    role: "keeper",
  });
  try {
    const claim = parseClaim(await session.message("STARTAES"));
    const proven = verifyIdentity(claim.key, claim.signature, transcript);
    require(proven, "identity-invalid");
    const refusal = options.policy?.(claim, transcript) ?? null;
    require(refusal === null, refusal ?? "");
    await session.send({ State: "STARTAES", Text: "Passed", ...sign(options, claim, transcript) });
    const ready = await session.message("READY");
    require(/^[\x21-\x7e]{1,64}$/.test(textOf(ready, "Software")), "message-malformed");
    session.start();
    return { session, claim };
  } catch (error) {
    return await session.fail(error);
  }
}

function sign(options: KeeperOptions, claim: Claim, transcript: Buffer): Fields {
  if (options.signer === undefined) return {};
  const issued = Math.floor(Date.now() / 1000);
  const text = composeStatement({ ...claim, transcript, issued });
  const { address, sign } = options.signer;
  return {
    Keeper: { Address: address, Issued: issued, Expires: issued + 300, Signature: sign(text) },
  };
}

/** What a keeper gives. */
export interface DeliverOptions {
  /** The files that are this agent's. */
  readonly files: ReadonlyMap<string, VaultFile>;
  /** What else its manifest says. */
  readonly lines?: readonly Line[];
  /** Whether it only asks what the agent would do. */
  readonly isPlan?: boolean;
  /** Names that are this agent's by right and not in the vault. */
  readonly absent?: ReadonlySet<string>;
  /** Files that are no longer what the manifest says, where a batch asks for them. */
  readonly changed?: ReadonlySet<string>;
  /** Whether it compresses manifests and batches where that is accepted, and accepts such results. */
  readonly packs?: boolean;
  /** How long a piece of a stream is. */
  readonly pieceBytes?: number;
  /** The raw key of the agent, under which its signature over the results is checked. */
  readonly agentKey?: Buffer;
  /** The number of the manifest; the time in milliseconds if absent. */
  readonly revision?: number;
  /** When the manifest is issued and when it ends, in seconds. */
  readonly times?: readonly [issued: number, expires: number];
  /** Whom the manifest is for and what signs it, if anything does. */
  readonly signing?: Scope & {
    readonly key: Uint8Array;
    readonly sign: (text: string) => string;
  };
}

/** What the agent reported. */
export interface Delivered {
  /** Its numbers. */
  readonly counts: Counts;
  /** Each file and folder that is not unchanged. */
  readonly results: readonly Result[];
  /** How hooks stand. */
  readonly hooks: readonly HookResult[];
  /** How services stand. */
  readonly services: readonly ServiceResult[];
  /** How many bytes of the manifest were sent. */
  readonly manifestBytes: number;
  /** How many requests were answered. */
  readonly requests: number;
  /** How many batches were. */
  readonly batches: number;
  /** How many bytes of results came over the wire. */
  readonly resultBytes: number;
  /** Whether the agent signed its results; its signature was checked if its key was known. */
  readonly isSigned: boolean;
}

/** Gives an agent its files. */
export async function deliver(session: Session, options: DeliverOptions): Promise<Delivered> {
  try {
    const manifest = composeManifest(options.files, options.lines);
    await session.send({ State: "MANIFEST", Id: 0, ...announce(manifest, options) });
    const manifestBytes = await give(session, manifest, options.packs === true);
    const delivered = await serve(session, options, manifest);
    return { ...delivered, manifestBytes };
  } catch (error) {
    return await session.fail(error);
  }
}

/** Gives the manifest, or what of it the agent lacks; returns how many bytes that took. */
async function give(session: Session, manifest: Buffer, packs: boolean): Promise<number> {
  const reply = await session.message("MANIFEST-REPLY");
  require(reply.Id === 0, "message-unexpected", "another Id");
  if (truthOf(reply, "Held")) return 0;
  const hasOther = !isAbsent(reply.Other) && truthOf(reply, "Other");
  const parts = cutManifest(manifest);
  const list = composeList(parts);
  let wanted = manifest;
  if (hasOther && manifest.length >= 16_384 && isListAllowed(list.length, manifest.length)) {
    await session.sendWithStream({ State: "MANIFEST-PARTS", Id: 0 }, list);
    const message = await session.message("MANIFEST-WANTS");
    require(message.Id === 0, "message-unexpected", "another Id");
    const wants = parseWants(await session.stream(message), parts.length);
    wanted = Buffer.concat(parts.filter((_, i) => wants[i]));
  }
  const [sent, members] = packs && accepts(reply) ? pack(wanted) : [wanted, {}];
  await session.sendWithStream({ State: "MANIFEST-DATA", Id: 0, ...members }, sent);
  return sent.length;
}

function announce(manifest: Buffer, options: DeliverOptions): Fields {
  const seconds = Math.floor(Date.now() / 1000);
  const { revision = Date.now(), times = [seconds, seconds + 86_400], signing } = options;
  const [issued, expires] = times;
  const digest = sha256(manifest);
  const text = signing === undefined || options.isPlan === true
    ? null
    : composeManifestStatement({ ...signing, revision, issued, expires, digest });
  return {
    Revision: revision,
    Issued: issued,
    Expires: expires,
    Digest: digest.toString("hex"),
    Size: manifest.length,
    ...(text === null ? {} : { Signature: signing?.sign(text) }),
    ...(options.isPlan === true ? { Plan: true } : {}),
    ...(options.packs === true ? ACCEPT : {}),
  };
}

type Served = Omit<Delivered, "manifestBytes">;

async function serve(
  session: Session,
  options: DeliverOptions,
  manifest: Buffer,
): Promise<Served> {
  const entries = [...entriesOf(parseManifest(manifest)).values()];
  const answers: Promise<void>[] = [];
  const open = { REQUEST: 0, BATCH: 0 };
  const known = { requests: 0, batches: 0, options, manifest };
  let [last, asked] = [-1, 0];
  for (;;) {
    const message = await session.message();
    if (message.State === "DONE") {
      const isIdle = open.REQUEST + open.BATCH === 0;
      require(isIdle, "message-unexpected", "DONE with open requests");
      await Promise.all(answers);
      return await finish(session, message, known);
    }
    const { State } = message;
    if (State !== "REQUEST" && State !== "BATCH") {
      await refuse(session, message);
      continue;
    }
    require(options.isPlan !== true, "message-unexpected", "a request in a plan");
    const id = numberOf(message, "Id", MAX_UINT32);
    require(id > last, "message-unexpected", "an Id that does not grow");
    last = id;
    const files = State === "BATCH" ? parseBatch(message, entries) : [];
    known[State === "BATCH" ? "batches" : "requests"]++;
    asked += Math.max(1, files.length);
    require(asked <= 2 * options.files.size + 1024, "too-many-messages", "requests");
    open[State]++;
    const isAllowed = open.REQUEST + open.BATCH <= 64 && open.BATCH <= MAX_OPEN_BATCHES;
    require(isAllowed, "too-many-messages", "open requests");
    const answered = State === "BATCH"
      ? answerBatch(session, message, { files, options })
      : answer(session, message, options);
    answers.push(answered.finally(() => open[State]--));
  }
}

function answerBatch(
  session: Session,
  batch: Fields,
  { files, options }: { readonly files: readonly Numbered[]; readonly options: DeliverOptions },
): Promise<void> {
  const isChanged = ([, { Path }]: Numbered) => options.changed?.has(Path) === true;
  const Changed = files.filter(isChanged).map(([number]) => number);
  const there = files.filter((file) => !isChanged(file));
  const bytes = Buffer.concat(
    there.map(([, { Path }]) => options.files.get(Path)?.contents ?? Buffer.alloc(0)),
  );
  const [sent, members] = options.packs === true && accepts(batch) ? pack(bytes) : [bytes, {}];
  const changes = Changed.length === 0 ? {} : { Changed };
  const fields = { State: "BATCH-DATA", Id: batch.Id, ...changes, ...members };
  return session.sendWithStream(fields, sent, options.pieceBytes);
}

const KNOWN = [
  ...["MANIFEST", "MANIFEST-REPLY", "MANIFEST-PARTS", "MANIFEST-WANTS", "MANIFEST-DATA", "DATA"],
  ...["BATCH-DATA", "DONE-REPLY", "RESULT", "PROGRESS", "END"],
];

async function refuse(session: Session, message: Fields): Promise<void> {
  require(!KNOWN.includes(message.State as string), "message-unexpected", `${message.State}`);
  if (message.State === "CANCEL") return;
  const Id = isAbsent(message.Id) ? null : numberOf(message, "Id", MAX_UINT32);
  await session.send({ State: "RESULT", Id, Status: "UnknownCommand" });
}

function answer(session: Session, request: Fields, options: DeliverOptions): Promise<void> {
  const State = "DATA";
  const Id = request.Id;
  const path = textOf(request, "File");
  require(isPath(path), "message-malformed", "File");
  const digest = isAbsent(request.Digest) ? null : hexOf(request, "Digest", 32);
  const file = options.files.get(path);
  if (file === undefined) {
    const Status = options.absent?.has(path) ? "FileNotFound" : "Denied";
    return session.send({ State, Id, Status });
  }
  const whole = sha256(file.contents);
  if (digest?.equals(whole)) return session.send({ State, Id, Status: "Match" });
  let Offset = 0;
  if (!isAbsent(request.Offset) && request.Offset !== 0) {
    const offset = numberOf(request, "Offset", MAX_NUMBER);
    const prefix = hexOf(request, "Prefix", 32);
    const agrees = offset <= file.contents.length &&
      sha256(file.contents.subarray(0, offset)).equals(prefix);
    if (agrees) Offset = offset;
  }
  const rest = file.contents.subarray(Offset);
  const isPacked = file.compress === true && accepts(request);
  const [sent, encoding] = isPacked ? pack(rest) : [rest, {}];
  const Digest = whole.toString("hex");
  return session.sendWithStream(
    { State, Id, Status: "Success", Offset, Digest, Mode: file.mode, ...encoding },
    sent,
    options.pieceBytes,
  );
}

async function finish(
  session: Session,
  done: Fields,
  known: {
    readonly requests: number;
    readonly batches: number;
    readonly options: DeliverOptions;
    readonly manifest: Buffer;
  },
): Promise<Served> {
  const { requests, batches, options, manifest } = known;
  const { agentKey, isPlan = false, packs = false } = options;
  const claimed = done.Counts;
  require(typeof claimed === "object" && claimed !== null, "message-malformed", "Counts");
  const coming = readComing(done, 33_554_432, packs);
  const bytes = await takeComing(session, done, coming);
  require(sha256(bytes).equals(hexOf(done, "Digest", 32)), "digest-mismatch");
  const { results, hooks, services } = parseResults(bytes);
  const told = new Set(results.map(({ Path }) => Path));
  const entries = [...entriesOf(parseManifest(manifest)).values()];
  const quiet = entries.filter(({ Kind, Path }) => Kind !== "keep" && !told.has(Path));
  const counts = countResults(results, quiet.length);
  for (const [name, count] of Object.entries(counts)) {
    if (numberOf(claimed as Fields, name, MAX_NUMBER) === count) continue;
    throw new Failure("message-unexpected", `the lines contradict ${name}`);
  }
  const signature = isAbsent(done.Signature) ? null : hexOf(done, "Signature", 64);
  require(signature === null || !isPlan, "message-unexpected", "a plan that is signed");
  if (signature !== null && agentKey !== undefined) {
    const { transcript } = session.schedule;
    const isGood = verifyResults(agentKey, signature, {
      transcript,
      digest: sha256(bytes),
      counts,
    });
    require(isGood, "message-malformed", "Signature");
  }
  await session.send({ State: "DONE-REPLY" });
  await session.close();
  const resultBytes = numberOf(done, "StreamSize", MAX_NUMBER);
  const isSigned = signature !== null;
  return { counts, results, hooks, services, requests, batches, resultBytes, isSigned };
}
