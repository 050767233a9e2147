/**
 * One of our roles, played against the peer of a vector, and what a vector says of it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeFrame } from "../interop/second_implementation/frame.ts";
import type { Fields } from "../interop/second_implementation/json.ts";
import { Direction, KeySchedule } from "../interop/second_implementation/key_schedule.ts";
import { type Duplex, encodeHex } from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Adversary } from "./adversary.ts";
import { type Cut, CutWire } from "./cut_wire.ts";
import * as reference from "./reference.ts";
import { playRole, type RolePlay, type RoleReference } from "./role_play.ts";
import { header, headers, requiredHeader, type Vector } from "./vector_file.ts";

/** How a run ended. */
export interface RoleRun extends RolePlay {
  /** The code of the FAILED at the end, or `nothing`. */
  readonly says: string;
}

/** How a vector is played. */
export interface RoleRunOptions {
  /** How the bytes are cut that the role is sent. */
  readonly cut: Cut;
  /** Plays the role; returns once all that it said has been handed on. @default in this process */
  readonly play?: (vector: Vector, duplex: Duplex) => Promise<RolePlay>;
}

/** How often a vector is played; bytes one by one take long where there are many. */
export function cutsOf(vector: Vector): readonly Cut[] {
  const isLong = vector.steps.some((step) => /^repeat |pad \d{5}/.test(step));
  return isLong || header(vector, "file-of-zeros") !== null
    ? ["whole"]
    : ["whole", "random", "bytes"];
}

const references = new Map<string, RoleReference>();

/** The keys and numbers that a role needs for a vector. */
export function referenceFor(vector: Vector): RoleReference {
  const bits = header(vector, "rsa") ?? "2048";
  const known = references.get(bits);
  if (known !== undefined) return known;
  const { privateKey, publicKey } = reference.rsaKeys(bits);
  const made: RoleReference = {
    rsa: {
      privateKey: encodeHex(privateKey.export({ type: "pkcs8", format: "der" })),
      publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString().trimEnd(),
    },
    identitySeed: encodeHex(reference.IDENTITY_SEED),
    agentNonce: encodeHex(reference.AGENT_NONCE),
    instance: encodeHex(reference.INSTANCE),
    enrolmentSecret: encodeHex(reference.ENROLMENT_SECRET),
    address: reference.ADDRESS,
    signature: reference.SIGNATURE,
    now: reference.NOW,
  };
  references.set(bits, made);
  return made;
}

function playHere(vector: Vector, duplex: Duplex): Promise<RolePlay> {
  return playRole(vector, { duplex, reference: referenceFor(vector) });
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
export async function runRole(vector: Vector, options: RoleRunOptions): Promise<RoleRun> {
  const { cut, play = playHere } = options;
  const wire = new CutWire(cut);
  const adversary = new Adversary(wire, {
    against: header(vector, "role") === "agent" ? "agent" : "keeper",
    bits: header(vector, "rsa") ?? "2048",
  });
  const [played, said] = await Promise.allSettled([
    play(vector, wire.duplex),
    adversary.run(vector.steps).then(() => wire.flush()),
  ]);
  if (played.status === "rejected") throw played.reason;
  if (played.value.ended === "success" && said.status === "rejected") throw said.reason;
  return { ...played.value, says: lastWord(openMessages(vector, wire, adversary)) };
}

/** Plays a vector once, and compares what becomes of it with what the vector says. */
export async function checkRole(vector: Vector, options: RoleRunOptions): Promise<void> {
  const run = await runRole(vector, options);
  const label = `cut: ${options.cut}`;
  assertEquals(run.ended, requiredHeader(vector, "expect"), label);
  assertEquals(run.says, requiredHeader(vector, "says"), label);
  assertEquals(run.report, headers(vector, "report").sort(), label);
  for (const line of header(vector, "role") === "agent" ? headers(vector, "file") : []) {
    const space = line.indexOf(" ");
    assertEquals(run.files[line.slice(0, space)], line.slice(space + 1), label);
  }
  assertEquals(run.hooks, headers(vector, "hook").sort(), label);
  assertEquals(run.services, headers(vector, "service").sort(), label);
  for (const folder of headers(vector, "folder")) {
    assert(run.folders.includes(folder), `${label}: the folder ${folder}`);
  }
  // Where it ends badly, it depends on the cut how far the calls got.
  if (run.ended === "success") assertEquals(run.answers, headers(vector, "answer"), label);
  const bytes = header(vector, "bytes");
  if (bytes !== null) assertEquals(run.contentBytes, Number(bytes), label);
  const transcript = header(vector, "transcript");
  if (transcript === null || run.origin === null) return;
  assertEquals(run.origin.transcript, transcript, label);
  assertEquals(run.origin.exported, requiredHeader(vector, "export"), label);
  const [statement] = run.statements;
  if (statement !== undefined) {
    assertEquals(statement, JSON.parse(requiredHeader(vector, "statement-text")), label);
  }
}
