/**
 * Writes the vectors beside this file: `deno run -A tests/vectors/protocol2/generate.ts`.
 *
 * It is built on the second implementation and draws nothing at random, so that a difference in a
 * vector is a difference in the protocol. Where a peer cannot be recorded (a keeper wraps a secret of
 * its own), the file holds its steps instead of its bytes.
 *
 * @module
 */
import { composeStatement, rawKey } from "../../interop/second_implementation/confirmation.ts";
import { Adversary } from "../adversary.ts";
import { Recorder } from "../recorder.ts";
import { IDENTITY, NOW, VECTORS } from "../reference.ts";
import { AGENT_BATCHES } from "../scenarios/agent_batches.ts";
import { AGENT_CERTIFICATES } from "../scenarios/agent_certificates.ts";
import { AGENT_SERVICES } from "../scenarios/agent_services.ts";
import { KEEPER_SERVICES } from "../scenarios/keeper_services.ts";
import { AGENT_CONFIRMATION } from "../scenarios/agent_confirmation.ts";
import { AGENT_FIRST_FRAME, AGENT_OPENING } from "../scenarios/agent_opening.ts";
import { AGENT_PARTS } from "../scenarios/agent_parts.ts";
import { AGENT_SESSION } from "../scenarios/agent_session.ts";
import { AGENT_TREE } from "../scenarios/agent_tree.ts";
import { AGENT_WORK } from "../scenarios/agent_work.ts";
import { makeCalculations } from "../scenarios/calculations.ts";
import { CALLS } from "../scenarios/calls.ts";
import { KEEPER_BATCHES } from "../scenarios/keeper_batches.ts";
import { KEEPER_OPENING } from "../scenarios/keeper_opening.ts";
import { KEEPER_TREE } from "../scenarios/keeper_tree.ts";
import { KEEPER_WORK } from "../scenarios/keeper_work.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { formatVector, type Vector } from "../vector_file.ts";

const SCENARIOS: readonly Scenario[] = [
  ...AGENT_OPENING,
  ...AGENT_FIRST_FRAME,
  ...AGENT_CONFIRMATION,
  ...AGENT_SESSION,
  ...AGENT_WORK,
  ...AGENT_TREE,
  ...AGENT_CERTIFICATES,
  ...AGENT_SERVICES,
  ...KEEPER_SERVICES,
  ...AGENT_PARTS,
  ...AGENT_BATCHES,
  ...KEEPER_OPENING,
  ...KEEPER_WORK,
  ...KEEPER_TREE,
  ...KEEPER_BATCHES,
  ...CALLS,
];

type Header = [name: string, value: string][];

/** What both sides derive, for who wants to compare step by step. */
function keyHeader(adversary: Adversary, issued: number): Header {
  const { schedule, secret } = adversary;
  if (schedule === null || secret === null) return [];
  const { transcript, agentToKeeper, keeperToAgent } = schedule;
  const scope = { app: "myapp", component: "db" };
  const statement = composeStatement({ ...scope, key: rawKey(IDENTITY), transcript, issued });
  return [
    ["secret", secret.toString("hex")],
    ["transcript", transcript.toString("hex")],
    ["agent-to-keeper", agentToKeeper.toString("hex")],
    ["keeper-to-agent", keeperToAgent.toString("hex")],
    ["export", schedule.export("vector", new TextEncoder().encode("context")).toString("hex")],
    ["statement-text", JSON.stringify(statement)],
  ];
}

/** Makes the vector of a scenario. */
export async function makeVector(scenario: Scenario): Promise<Vector> {
  const { name, role, steps } = scenario;
  const header: Header = [
    ["expect", scenario.expect],
    ["says", scenario.says],
    ["role", role],
    ["peer", scenario.isScript ? "script" : "recorded"],
    ...scenario.header.map(([name, value]): [string, string] => [name, value]),
  ];
  if (scenario.isScript) return { name, header, steps };
  const recorder = new Recorder();
  const bits = header.find(([name]) => name === "rsa")?.[1] ?? "2048";
  const adversary = new Adversary(recorder, { against: role, bits });
  for (const step of steps) {
    recorder.steps.push(`# ${step}`);
    await adversary.run([step]);
  }
  // What is wrapped wrongly is known to the peer alone: nothing that the role sends can be opened.
  const isBlind = steps.some((step) => step.startsWith("wrap "));
  if (scenario.expect === "success") {
    const issued = Number(/"Issued":(\d+)/.exec(steps.join("\n"))?.[1] ?? NOW);
    header.push(...keyHeader(adversary, issued));
  } else if (adversary.secret !== null && !isBlind) {
    header.push(["secret", adversary.secret.toString("hex")]);
  }
  return { name, header, steps: recorder.steps };
}

/** Makes all vectors, by the names of their files. */
export async function makeVectors(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const scenario of SCENARIOS) {
    const file = `${scenario.name}.txt`;
    if (texts.has(file)) throw new Error(`${scenario.name} stands twice`);
    texts.set(file, formatVector(await makeVector(scenario)));
  }
  for (const vector of makeCalculations()) texts.set(`${vector.name}.txt`, formatVector(vector));
  return texts;
}

if (import.meta.main) {
  const texts = await makeVectors();
  for await (const { name } of Deno.readDir(VECTORS)) {
    if (name.endsWith(".txt") && !texts.has(name)) await Deno.remove(new URL(name, VECTORS));
  }
  for (const [file, text] of texts) await Deno.writeTextFile(new URL(file, VECTORS), text);
}
