/**
 * Compares what our functions compute with the vectors that need no peer. Like `role_play.ts` it uses
 * nothing but the library and what every runtime has.
 *
 * @module
 */
import {
  type Bytes,
  composeKeeperStatement,
  composeManifestStatement,
  decodeEnrolmentSecret,
  decodeHex,
  encodeHex,
  importIdentity,
  proveEnrolment,
  sha256Digest,
} from "../../protocol/mod.ts";
import { signTranscript, verifyIdentityProof } from "../../protocol/identity.ts";
import { deriveSessionSecrets, DirectionKeys } from "../../protocol/key_schedule.ts";
import { FrameCounter } from "../../protocol/nonce.ts";
import { FrameOpener, FrameSealer } from "../../protocol/sealing.ts";
import { hashTranscript } from "../../protocol/transcript.ts";
import { headers, requiredHeader, type Vector } from "./vector_file.ts";

function bytesOf(hex: string): Bytes {
  const bytes = decodeHex(hex, hex.length / 2);
  if (bytes === null) throw new TypeError("the vector holds something but hex");
  return bytes;
}

function expectSame(actual: unknown, wanted: unknown): void {
  if (actual !== wanted) throw new Error(`the vector says ${wanted}, this computes ${actual}`);
}

function readers(vector: Vector): { text: (name: string) => string; hex: (name: string) => Bytes } {
  const text = (name: string) => requiredHeader(vector, name);
  return { text, hex: (name) => bytesOf(text(name)) };
}

async function checkKeys(vector: Vector): Promise<void> {
  const { text, hex } = readers(vector);
  const transcript = await hashTranscript(hex("line1"), hex("line2"));
  expectSame(encodeHex(transcript), text("transcript"));
  const secrets = await deriveSessionSecrets(hex("secret"), transcript);
  expectSame(encodeHex(secrets.agentToKeeper), text("agent-to-keeper"));
  expectSame(encodeHex(secrets.keeperToAgent), text("keeper-to-agent"));
  for (const line of headers(vector, "export")) {
    const [label, context, value] = JSON.parse(line);
    expectSame(encodeHex(await secrets.exporter(label, bytesOf(context))), value);
  }
}

async function keysAt(vector: Vector, options: {
  readonly number: number;
  readonly use: "seal" | "open";
}): Promise<[DirectionKeys, FrameCounter]> {
  const { hex } = readers(vector);
  const keys = new DirectionKeys(hex("direction"), {
    transcript: hex("transcript"),
    use: options.use,
  });
  const epochs = headers(vector, "epoch").map((line) => line.split(" ").at(-1));
  for (let epoch = 0; epoch <= Math.floor(options.number / 65_536); epoch++) {
    expectSame(encodeHex((await keys.epoch(epoch)).iv), epochs[epoch]);
  }
  return [keys, new FrameCounter(options.number)];
}

async function checkFrames(vector: Vector): Promise<void> {
  for (const step of vector.steps) {
    const [, text, plaintext = "", sealed = ""] = step.split(" ");
    const number = Number(text);
    const sealer = new FrameSealer(...await keysAt(vector, { number, use: "seal" }));
    expectSame(encodeHex(await sealer.seal(bytesOf(plaintext))), sealed);
    const opener = new FrameOpener(...await keysAt(vector, { number, use: "open" }));
    expectSame(encodeHex(await opener.open(bytesOf(sealed).slice(4))), plaintext);
  }
}

async function checkTexts(vector: Vector, identitySeed: string): Promise<void> {
  const { text, hex } = readers(vector);
  const app = JSON.parse(text("app"));
  const component = JSON.parse(text("component"));
  const publicKey = hex("identity");
  const transcript = hex("transcript");
  const agentDigestHex = encodeHex(await sha256Digest(publicKey));
  const issued = Number(text("issued"));
  const statement = { app, component, agentDigestHex, transcript, issued };
  expectSame(composeKeeperStatement(statement), JSON.parse(text("statement-text")));
  const manifest = {
    ...{ app, component, agentDigestHex, issued },
    revision: Number(text("revision")),
    expires: Number(text("expires")),
    digest: hex("digest"),
  };
  expectSame(composeManifestStatement(manifest), JSON.parse(text("manifest-text")));
  const secret = decodeEnrolmentSecret(text("enrolment-secret"));
  if (secret === null) throw new Error("the enrolment secret does not decode");
  const proof = await proveEnrolment(secret, { transcript, publicKey, app, component });
  expectSame(encodeHex(proof), text("enrolment"));
  const identity = await importIdentity(bytesOf(identitySeed));
  expectSame(encodeHex(identity.publicKey), text("identity"));
  const signature = await signTranscript(identity, transcript);
  expectSame(encodeHex(signature), text("identity-signature"));
  await verifyIdentityProof({ publicKey, signature }, transcript);
}

const CHECKS: Readonly<Record<string, (vector: Vector, identitySeed: string) => Promise<void>>> = {
  keys: checkKeys,
  frames: checkFrames,
  texts: checkTexts,
};

/** Tells whether a vector needs no peer. */
export function isCalculation(vector: Vector): boolean {
  return requiredHeader(vector, "role") in CHECKS;
}

/** Checks a vector that needs no peer; throws where something else comes out. */
export async function checkCalculation(vector: Vector, identitySeed: string): Promise<void> {
  await CHECKS[requiredHeader(vector, "role")]?.(vector, identitySeed);
}
