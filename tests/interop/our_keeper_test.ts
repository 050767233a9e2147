/**
 * The second implementation's agent against our keeper.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  deliverAsKeeper,
  type DeliveryReport,
  type KeeperHandshakeOptions,
  type SecretSource,
  type Session,
  verifyEnrolment,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { connect, connectWell } from "./loopback.ts";
import { openOurKeeper, outcomes, sampleBytes, sourceOf, theirAgent, utf8 } from "./our_ends.ts";
import {
  type AgentOptions,
  openAsAgent,
  receive,
  type Received,
  type ReceiveOptions,
} from "./second_implementation/agent.ts";
import { encodeFrame } from "./second_implementation/frame.ts";
import { Direction, KeySchedule, sha256 } from "./second_implementation/key_schedule.ts";
import { countResults } from "./second_implementation/results.ts";
import { composeLine1, parseLine2, unwrapSecret } from "./second_implementation/opening.ts";
import { Cutter } from "./second_implementation/transport.ts";
import type { Session as SecondSession } from "./second_implementation/session.ts";

function pass(
  source: SecretSource,
  options: ReceiveOptions,
): Promise<[DeliveryReport, Received]> {
  return connectWell(
    async (duplex) =>
      await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: Date.now() }),
    async (transport) => await receive(await openAsAgent(transport, theirAgent()), options),
  );
}

function open(
  options: Partial<KeeperHandshakeOptions>,
  theirs: Partial<AgentOptions> = {},
): Promise<[PromiseSettledResult<Session>, PromiseSettledResult<SecondSession>]> {
  return connect(
    async (duplex) => {
      const session = await openOurKeeper(duplex, options);
      await session.close();
      return session;
    },
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent(theirs));
      await session.close();
      return session;
    },
  );
}

function codesOf(...results: PromiseSettledResult<unknown>[]): (string | null)[] {
  return results.map((result) => result.status === "rejected" ? result.reason.code : null);
}

Deno.test("our keeper gives a second agent a first delivery", async () => {
  const held = new Map<string, Buffer>();
  const source = await sourceOf({ "db.password": utf8("correct horse"), "tls/key": utf8("k") });
  const [delivered] = await pass(source, { held });
  assertEquals(outcomes(delivered), ["db.password created", "tls/key created"]);
  assertEquals(held.get("db.password")?.toString(), "correct horse");
});

Deno.test("our keeper has nothing to do for a second agent that holds everything", async () => {
  const held = new Map<string, Buffer>();
  const source = await sourceOf({ a: utf8("1"), b: utf8("2") });
  const [, first] = await pass(source, { held });
  const [delivered, second] = await pass(source, { held, manifest: first.manifest });
  assertEquals(outcomes(delivered), ["a unchanged", "b unchanged"]);
  assertEquals([delivered.contentBytes, second.results.length], [0, 0]);
});

Deno.test("our keeper gives a second agent a change, and Match where its digest agrees", async () => {
  const held = new Map([["a", Buffer.from("old")], ["b", Buffer.from("2")]]);
  const source = await sourceOf({ a: utf8("1"), b: utf8("2") });
  const [delivered, received] = await pass(source, { held, also: ["b"] });
  assertEquals(outcomes(delivered), ["a updated", "b unchanged"]);
  assertEquals([...received.statuses].sort(), [["a", "Success"], ["b", "Match"]]);
  assertEquals(held.get("a")?.toString(), "1");
});

Deno.test("our keeper tells a second agent what is missing and what is denied", async () => {
  const source = await sourceOf({ a: utf8("1") }, { missing: ["gone"] });
  const options = { held: new Map(), also: ["gone", "/etc/passwd", "others"] };
  const [delivered, received] = await pass(source, options);
  assertEquals([...received.statuses].sort(), [
    ["/etc/passwd", "Denied"],
    ["a", "Success"],
    ["gone", "FileNotFound"],
    ["others", "Denied"],
  ]);
  assertEquals(outcomes(delivered).filter((line) => line.endsWith("denied")).length, 2);
});

Deno.test("our keeper gives a second agent an ENSURE_CREATED file once", async () => {
  const held = new Map<string, Buffer>();
  await pass(await sourceOf({ seed: utf8("1") }, { strategy: "ENSURE_CREATED" }), { held });
  const source = await sourceOf({ seed: utf8("2") }, { strategy: "ENSURE_CREATED" });
  const [delivered] = await pass(source, { held });
  assertEquals(outcomes(delivered), ["seed unchanged"]);
  assertEquals(held.get("seed")?.toString(), "1");
});

Deno.test("our keeper goes on where a second agent's prefix agrees, else starts anew", async () => {
  const contents = sampleBytes(300_000);
  const wrong = Buffer.alloc(100_000);
  for (const [partial, expected] of [[contents.subarray(0, 100_000), 200_000], [wrong, 300_000]]) {
    const held = new Map<string, Buffer>();
    const [delivered, received] = await pass(await sourceOf({ big: contents }), {
      held,
      partial: new Map([["big", Buffer.from(partial as Uint8Array)]]),
    });
    assertEquals(outcomes(delivered), ["big created"]);
    assertEquals(received.contentBytes, expected);
    assert(held.get("big")?.equals(contents));
  }
});

Deno.test("our keeper gives a second agent nothing, an empty file and 5 MiB", async () => {
  const [none] = await pass(await sourceOf({}), { held: new Map() });
  assertEquals(none.files, []);
  const held = new Map<string, Buffer>();
  const big = sampleBytes(5 * 1024 * 1024 + 1);
  const [delivered] = await pass(await sourceOf({ big, empty: utf8("") }), { held });
  assertEquals(outcomes(delivered), ["big created", "empty created"]);
  assert(held.get("big")?.equals(big));
  assertEquals(held.get("empty")?.length, 0);
});

Deno.test("our keeper answers 300 requests of a second agent, 64 and 1 at a time", async () => {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 300; i++) files[`dir/${i}`] = utf8(`file ${i}`);
  const source = await sourceOf(files);
  for (const inFlight of [64, 1]) {
    const held = new Map<string, Buffer>();
    const [delivered] = await pass(source, { held, inFlight });
    assertEquals([delivered.files.length, held.size], [300, 300]);
    assertEquals(held.get("dir/299")?.toString(), "file 299");
  }
});

Deno.test("our keeper answers 64 requests of a second agent at a time, streams and all", async () => {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 130; i++) files[`${i}`] = sampleBytes(66_000 + i);
  const held = new Map<string, Buffer>();
  const [delivered] = await pass(await sourceOf(files), { held, inFlight: 64 });
  assertEquals([delivered.files.length, held.size], [130, 130]);
  assertEquals(held.get("129")?.length, 66_129);
});

Deno.test("our keeper follows a second agent into the next epoch", async () => {
  const source = await sourceOf({ a: utf8("1") });
  const [delivered] = await connectWell(
    async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1 }),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent());
      const data = Buffer.from("ping/len");
      for (let sent = 0; sent < 66_000; sent += 1_000) {
        for (let i = 0; i < 1_000; i++) await session.sendFrame({ kind: "ping", data });
        await session.awaitPongs(sent + 1_000);
      }
      const received = await receive(session, { held: new Map() });
      assertEquals(session.pongs, 66_000);
      return received;
    },
  );
  assertEquals(outcomes(delivered), ["a created"]);
});

Deno.test("our keeper and a second agent export the same values", async () => {
  const [left, right] = await open({});
  assert(left.status === "fulfilled" && right.status === "fulfilled");
  const { origin } = left.value;
  const { schedule } = right.value;
  assertEquals(Buffer.from(origin.transcript), schedule.transcript);
  for (const context of [utf8(""), sampleBytes(40)]) {
    const ours = Buffer.from(await origin.exporter("receipt", context));
    assertEquals(ours, schedule.export("receipt", context));
  }
});

Deno.test("our keeper verifies names, identity and enrolment of a second agent", async () => {
  const secret = sampleBytes(32);
  const theirs = {
    app: "myapp",
    component: "db",
    enrolmentSecret: Buffer.from(secret).toString("base64url"),
  };
  const [left, right] = await open({
    policy: async ({ claim, transcript }) => {
      const { app, component, enrolment, identity: { publicKey } } = claim;
      assertEquals([app, component], ["myapp", "db"]);
      const proof = { transcript, publicKey, app, component };
      const holds = enrolment !== null && await verifyEnrolment(secret, enrolment, proof);
      return holds ? null : "enrolment-invalid";
    },
  }, theirs);
  assertEquals(codesOf(left, right), [null, null]);
});

Deno.test("our keeper tells a second agent why it refuses it", async () => {
  const codes = ["agent-pending", "identity-changed", "busy"] as const;
  for (const code of codes) {
    const [left, right] = await open({ policy: () => code });
    assertEquals(codesOf(left, right), [code, code]);
  }
});

Deno.test("our keeper signs the statement that a second agent composes", async () => {
  const signature = Buffer.alloc(65, 9).toString("base64");
  const signed: string[] = [];
  const signer = {
    address: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    sign: (text: string) => {
      signed.push(text);
      return Promise.resolve(signature);
    },
  };
  const verifier = (text: string, by: string) => text === signed[0] && by === signature;
  const names = { app: "myapp", component: "db" };
  const [left, right] = await open({ signer, ...names }, { verifier, ...names });
  assertEquals(codesOf(left, right), [null, null]);
  assertEquals(signed.length, 1);
});

Deno.test("our keeper learns why a second agent refuses it", async () => {
  const [left, right] = await open({}, { verifier: () => true });
  assertEquals(codesOf(left, right), ["statement-missing", "statement-missing"]);
});

Deno.test("our keeper answers unknown actions of a second agent and goes on", async () => {
  const source = await sourceOf({});
  const [, answers] = await connectWell(
    async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1 }),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent());
      const manifest = await session.message("MANIFEST");
      await session.send({ State: "DANCE", Id: 6 });
      const early = await session.message("RESULT");
      await session.send({ State: "MANIFEST-REPLY", Id: manifest.Id, Held: true });
      // The stream is longer than its window: this goes on only because it is given up.
      await session.sendWithStream({ State: "DANCE", Id: 7 }, Buffer.alloc(600_000));
      const late = await session.message("RESULT");
      await session.sendWithStream({
        State: "DONE",
        Counts: countResults([], 0),
        Digest: sha256().toString("hex"),
      }, Buffer.alloc(0));
      await session.message("DONE-REPLY");
      await session.close();
      return [early.Id, early.Status, late.Id, late.Status];
    },
  );
  assertEquals(answers, [6, "UnknownCommand", 7, "UnknownCommand"]);
});

Deno.test("our keeper tells a second agent what it broke", async () => {
  const source = await sourceOf({});
  const [left, right] = await connect(
    async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1 }),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent());
      await session.message("MANIFEST");
      await session.send({ State: "DATA", Id: 1, Status: "Match" });
      await session.message();
    },
  );
  assertEquals(codesOf(left, right), ["message-unexpected", "message-unexpected"]);
});

Deno.test("our keeper learns why a second agent refuses it before anything else", async () => {
  const [left] = await connect(openOurKeeper, async (transport) => {
    const { rsa } = theirAgent();
    const line1 = composeLine1(rsa.publicKey, sampleBytes(32));
    await transport.write(line1);
    const line2 = await new Cutter(transport).line();
    const secret = unwrapSecret(rsa.privateKey, parseLine2(line2, 256));
    const { agentToKeeper, transcript } = new KeySchedule(secret, line1, line2);
    const fields = { State: "FAILED", Code: "shutting-down" };
    const frame = encodeFrame({ kind: "message", fields });
    await transport.write(new Direction(agentToKeeper, transcript).seal(frame));
    await transport.end();
  });
  assertEquals(codesOf(left), ["shutting-down"]);
});

Deno.test("our keeper takes an early end of a second agent as truncated", async () => {
  const source = await sourceOf({});
  const [left] = await connect(
    async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1 }),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent());
      await session.message("MANIFEST");
      await transport.end();
    },
  );
  assertEquals(codesOf(left), ["truncated"]);
});
