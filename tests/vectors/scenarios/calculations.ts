/**
 * What both sides compute without a peer: keys, frames, statements, proofs. Sections 4, 5, 6 and 8.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  composeManifestStatement,
  composeStatement,
  proveEnrolment,
  proveIdentity,
  rawKey,
  type Scope,
} from "../../interop/second_implementation/confirmation.ts";
import {
  derive,
  Direction,
  KeySchedule,
} from "../../interop/second_implementation/key_schedule.ts";
import { ENROLMENT_SECRET, fixedBytes, IDENTITY, NOW } from "../reference.ts";
import type { Vector } from "../vector_file.ts";

const HEX = "hex";
/** Numbers of frames around the places where something changes. */
const FRAMES = [0, 1, 255, 256, 65_535, 65_536, 65_537, 131_071, 131_072];

function makeKeys(name: string): Vector {
  const secret = fixedBytes(`${name} secret`);
  const line1 = fixedBytes(`${name} line 1`, 100);
  const line2 = fixedBytes(`${name} line 2`, 200);
  const schedule = new KeySchedule(secret, line1, line2);
  const { transcript, agentToKeeper, keeperToAgent } = schedule;
  const exports = [["", ""], ["receipt", ""], ["csr", "00ff"]].map(([label = "", context = ""]) => {
    const value = schedule.export(label, Buffer.from(context, HEX)).toString(HEX);
    return ["export", JSON.stringify([label, context, value])] as const;
  });
  const header = [
    ["role", "keys"],
    ["line1", line1.toString(HEX)],
    ["line2", line2.toString(HEX)],
    ["secret", secret.toString(HEX)],
    ["transcript", transcript.toString(HEX)],
    ["agent-to-keeper", agentToKeeper.toString(HEX)],
    ["keeper-to-agent", keeperToAgent.toString(HEX)],
    ...exports,
  ] as const;
  return { name, header, steps: [] };
}

function makeFrames(name: string): Vector {
  const secret = fixedBytes(`${name} secret`);
  const transcript = fixedBytes(`${name} transcript`);
  const header: [string, string][] = [
    ["role", "frames"],
    ["direction", secret.toString(HEX)],
    ["transcript", transcript.toString(HEX)],
  ];
  let epochSecret = secret;
  for (let epoch = 0; epoch < 3; epoch++) {
    const key = derive(epochSecret, transcript, "fluxvault/2 key", 32).toString(HEX);
    const vector = derive(epochSecret, transcript, "fluxvault/2 iv", 12).toString(HEX);
    header.push(["epoch", `${epoch} key ${key} vector ${vector}`]);
    epochSecret = derive(epochSecret, transcript, "fluxvault/2 rekey", 32);
  }
  const direction = new Direction(secret, transcript);
  const steps: string[] = [];
  let next = 0;
  for (const number of FRAMES) {
    direction.skip(number - next);
    next = number + 1;
    const plaintext = Buffer.concat([Buffer.from([6]), fixedBytes(`${name} ${number}`, 8)]);
    const frame = direction.seal(plaintext);
    steps.push(`frame ${number} ${plaintext.toString(HEX)} ${frame.toString(HEX)}`);
  }
  return { name, header, steps };
}

function makeTexts(name: string, scope: Scope): Vector {
  const key = rawKey(IDENTITY);
  const transcript = fixedBytes(`${name} transcript`);
  const digest = fixedBytes(`${name} digest`);
  const revision = 1000 * NOW;
  const expires = NOW + 86_400;
  const statement = composeStatement({ ...scope, key, transcript, issued: NOW });
  const parts = { ...scope, key, revision, issued: NOW, expires, digest };
  const secret = ENROLMENT_SECRET.toString("base64url");
  const header = [
    ["role", "texts"],
    ["app", JSON.stringify(scope.app)],
    ["component", JSON.stringify(scope.component)],
    ["identity", key.toString(HEX)],
    ["transcript", transcript.toString(HEX)],
    ["digest", digest.toString(HEX)],
    ["revision", `${revision}`],
    ["issued", `${NOW}`],
    ["expires", `${expires}`],
    ["statement-text", JSON.stringify(statement)],
    ["manifest-text", JSON.stringify(composeManifestStatement(parts))],
    ["enrolment-secret", secret],
    ["enrolment", proveEnrolment(secret, transcript, key, scope).toString(HEX)],
    ["identity-signature", proveIdentity(IDENTITY, transcript).toString(HEX)],
  ] as const;
  return { name, header, steps: [] };
}

/** Vectors without a peer. */
export function makeCalculations(): Vector[] {
  return [
    makeKeys("keys_1"),
    makeKeys("keys_2"),
    makeFrames("frames_1"),
    makeFrames("frames_2"),
    makeTexts("texts_with_names", { app: "myapp", component: "db" }),
    makeTexts("texts_without_names", { app: null, component: null }),
    makeTexts("texts_with_longest_names", {
      app: "A".repeat(63),
      component: `0${"-".repeat(61)}z`,
    }),
  ];
}
