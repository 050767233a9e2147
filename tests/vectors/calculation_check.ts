/**
 * Compares what our functions compute with the vectors that need no peer.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  type Bytes,
  composeKeeperStatement,
  composeManifestStatement,
  decodeEnrolmentSecret,
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
import { assert, assertEquals } from "../support/assert.ts";
import { IDENTITY_SEED } from "./reference.ts";
import { headers, requiredHeader, type Vector } from "./vector_file.ts";

function bytesOf(hex: string): Bytes {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

function readers(vector: Vector): { text: (name: string) => string; hex: (name: string) => Bytes } {
  const text = (name: string) => requiredHeader(vector, name);
  return { text, hex: (name) => bytesOf(text(name)) };
}

async function checkKeys(vector: Vector): Promise<void> {
  const { text, hex } = readers(vector);
  const transcript = await hashTranscript(hex("line1"), hex("line2"));
  assertEquals(encodeHex(transcript), text("transcript"));
  const secrets = await deriveSessionSecrets(hex("secret"), transcript);
  assertEquals(encodeHex(secrets.agentToKeeper), text("agent-to-keeper"));
  assertEquals(encodeHex(secrets.keeperToAgent), text("keeper-to-agent"));
  for (const line of headers(vector, "export")) {
    const [label, context, value] = JSON.parse(line);
    assertEquals(encodeHex(await secrets.exporter(label, bytesOf(context))), value);
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
    assertEquals(encodeHex((await keys.epoch(epoch)).iv), epochs[epoch]);
  }
  return [keys, new FrameCounter(options.number)];
}

async function checkFrames(vector: Vector): Promise<void> {
  for (const step of vector.steps) {
    const [, text, plaintext = "", sealed = ""] = step.split(" ");
    const number = Number(text);
    const sealer = new FrameSealer(...await keysAt(vector, { number, use: "seal" }));
    assertEquals(encodeHex(await sealer.seal(bytesOf(plaintext))), sealed);
    const opener = new FrameOpener(...await keysAt(vector, { number, use: "open" }));
    assertEquals(encodeHex(await opener.open(bytesOf(sealed).slice(4))), plaintext);
  }
}

async function checkTexts(vector: Vector): Promise<void> {
  const { text, hex } = readers(vector);
  const app = JSON.parse(text("app"));
  const component = JSON.parse(text("component"));
  const publicKey = hex("identity");
  const transcript = hex("transcript");
  const agentDigestHex = encodeHex(await sha256Digest(publicKey));
  const issued = Number(text("issued"));
  const statement = { app, component, agentDigestHex, transcript, issued };
  assertEquals(composeKeeperStatement(statement), JSON.parse(text("statement-text")));
  const manifest = {
    ...{ app, component, agentDigestHex, issued },
    revision: Number(text("revision")),
    expires: Number(text("expires")),
    digest: hex("digest"),
  };
  assertEquals(composeManifestStatement(manifest), JSON.parse(text("manifest-text")));
  const secret = decodeEnrolmentSecret(text("enrolment-secret"));
  assert(secret !== null);
  const proof = await proveEnrolment(secret, { transcript, publicKey, app, component });
  assertEquals(encodeHex(proof), text("enrolment"));
  const identity = await importIdentity(new Uint8Array(IDENTITY_SEED));
  assertEquals(encodeHex(identity.publicKey), text("identity"));
  const signature = await signTranscript(identity, transcript);
  assertEquals(encodeHex(signature), text("identity-signature"));
  await verifyIdentityProof({ publicKey, signature }, transcript);
}

const CHECKS: Readonly<Record<string, (vector: Vector) => Promise<void>>> = {
  keys: checkKeys,
  frames: checkFrames,
  texts: checkTexts,
};

/** Checks a vector that needs no peer; false if it is of another kind. */
export async function checkCalculation(vector: Vector): Promise<boolean> {
  const check = CHECKS[requiredHeader(vector, "role")];
  await check?.(vector);
  return check !== undefined;
}
