/**
 * A man in the middle who has taken the address of an agent that the keeper knows. He speaks the
 * protocol well, with an RSA key of his own, and so can read all that the keeper tells him.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { proveIdentity, rawKey } from "../interop/second_implementation/confirmation.ts";
import type { Claim } from "../interop/second_implementation/confirmation.ts";
import { decodeFrame, encodeFrame } from "../interop/second_implementation/frame.ts";
import type { Fields } from "../interop/second_implementation/json.ts";
import { Direction, KeySchedule } from "../interop/second_implementation/key_schedule.ts";
import {
  composeLine1,
  modulusBytesOf,
  parseLine2,
  unwrapSecret,
} from "../interop/second_implementation/opening.ts";
import { Cutter } from "../interop/second_implementation/transport.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { dialAsKeeper, newIdentity, transportOf } from "../support/second_ends.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

const CONTENTS = "the crown jewels";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });

/** Makes what he says of himself, for a session with this transcript. */
type Forgery = (transcript: Buffer) => Promise<Fields>;

/** Speaks as the agent up to his claim; returns every message that he was able to read after it. */
async function impersonate(connection: Deno.TcpConn, forge: Forgery): Promise<Fields[]> {
  const transport = transportOf(connection);
  const cutter = new Cutter(transport);
  const line1 = composeLine1(rsa.publicKey, randomBytes(32));
  await transport.write(line1);
  const line2 = await cutter.line();
  const secret = unwrapSecret(rsa.privateKey, parseLine2(line2, modulusBytesOf(rsa.publicKey)));
  const keys = new KeySchedule(secret, line1, line2);
  const sealer = new Direction(keys.agentToKeeper, keys.transcript);
  const opener = new Direction(keys.keeperToAgent, keys.transcript);
  const send = (fields: Fields) =>
    transport.write(sealer.seal(encodeFrame({ kind: "message", fields })));
  await send({ State: "STARTAES", Text: "Test", ...await forge(keys.transcript) });
  // He goes on as if he had been let in, in case somebody does not look.
  await send({ State: "READY", Software: "mallory/1", Wants: ["files"] }).catch(() => {});
  const heard: Fields[] = [];
  for (;;) {
    const header = await cutter.bytes(4);
    if (header === null) return heard;
    const sealed = await cutter.bytes(header.readUInt32BE()) ?? Buffer.alloc(0);
    const frame = decodeFrame(opener.open(header, sealed));
    heard.push(frame.kind === "message" ? frame.fields : { kind: frame.kind });
  }
}

function claimOf(identity: KeyObject, transcript: Buffer): Fields {
  return {
    Instance: randomBytes(16).toString("hex"),
    Identity: {
      Key: rawKey(identity).toString("hex"),
      Signature: proveIdentity(identity, transcript).toString("hex"),
    },
  };
}

/** Puts the man in the agent's place, runs the keeper, and says what each of them saw. */
async function attack(
  site: Site,
  options: { readonly agent: RunningAgent; readonly forge: Forgery },
): Promise<{ readonly code: unknown; readonly heard: readonly Fields[] }> {
  const { agent, forge } = options;
  const heard = Promise.withResolvers<Fields[]>();
  await using mallory = TcpPeer.listen(async (connection) => {
    await impersonate(connection, forge).then(heard.resolve, heard.reject);
  }, { port: agent.port });
  const run = await site.deliver({ agents: [mallory.address] });
  assertEquals(run.code, 1);
  const { outcome, code } = run.agents.get(agent.address) ?? {};
  assertEquals(outcome, "rejected");
  return { code, heard: await heard.promise };
}

/** Pins an agent and then takes it off its port; returns where it listens now. */
async function pinAndMove(site: Site): Promise<[RunningAgent, RunningAgent]> {
  const agent = await site.startAgent();
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
  await agent.program.stop();
  await site.store({ "db.password": CONTENTS });
  return [agent, await site.startAgent()];
}

Deno.test("keeper: tells a man with an RSA key and an identity of his own nothing but a code", async () => {
  await using site = await Site.open({ "db.password": "first" });
  const [agent] = await pinAndMove(site);
  const identity = newIdentity();
  const { code, heard } = await attack(site, {
    agent,
    forge: (transcript) => Promise.resolve(claimOf(identity, transcript)),
  });
  assertEquals([code, heard], ["identity-changed", [{
    State: "FAILED",
    Code: "identity-changed",
  }]]);
});

Deno.test("keeper: does not take the real agent's proof out of another session", async () => {
  await using site = await Site.open({ "db.password": "first" });
  const [agent, moved] = await pinAndMove(site);
  // He poses as a keeper to the real agent, and carries its claim over into his own session.
  let stolen: Claim | null = null;
  using _asKeeper = await dialAsKeeper(moved, {
    policy: (claim) => {
      stolen = claim;
      return null;
    },
  });
  assert(stolen !== null);
  const { instance, key, signature } = stolen as Claim;
  const { code, heard } = await attack(site, {
    agent,
    forge: () =>
      Promise.resolve({
        Instance: instance.toString("hex"),
        Identity: { Key: key.toString("hex"), Signature: signature.toString("hex") },
      }),
  });
  assertEquals([code, heard], ["identity-invalid", [{
    State: "FAILED",
    Code: "identity-invalid",
  }]]);
  assertEquals(Object.keys(await readTree(moved.files)), ["db.password"]);
  assertEquals(await Deno.readTextFile(`${moved.files}/db.password`), "first");
});

Deno.test("keeper: does not take the real agent's key under a signature of somebody else", async () => {
  await using site = await Site.open({ "db.password": "first" });
  const [agent, moved] = await pinAndMove(site);
  let key = "";
  using _asKeeper = await dialAsKeeper(moved, {
    policy: (claim) => {
      key = claim.key.toString("hex");
      return null;
    },
  });
  const identity = newIdentity();
  const { code, heard } = await attack(site, {
    agent,
    forge: (transcript) => {
      const claim = claimOf(identity, transcript);
      return Promise.resolve({ ...claim, Identity: { ...claim.Identity as Fields, Key: key } });
    },
  });
  assertEquals([code, heard], ["identity-invalid", [{
    State: "FAILED",
    Code: "identity-invalid",
  }]]);
});
