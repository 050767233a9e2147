/**
 * What an agent signs of its results, between the two implementations.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import {
  deliverAsKeeper,
  type DeliveryReport,
  encodeHex,
  generateIdentitySeed,
  importIdentity,
  MemorySecretStore,
  ProtocolError,
  receiveAsAgent,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { connect, connectWell } from "./loopback.ts";
import { openOurAgent, openOurKeeper, sourceOf, theirAgent, utf8, vaultFile } from "./our_ends.ts";
import { openAsAgent, receive, type Received } from "./second_implementation/agent.ts";
import { rawKey } from "./second_implementation/confirmation.ts";
import { deliver, openAsKeeper } from "./second_implementation/keeper.ts";

type Signed = string | null;

/** Our keeper with a second agent, which signs by this key. */
async function keep(
  theirs: Parameters<typeof receive>[1],
): Promise<
  [PromiseSettledResult<DeliveryReport>, PromiseSettledResult<Received>, Signed | undefined]
> {
  let signature: Signed | undefined;
  const [ours, second] = await connect(
    async (duplex) =>
      await deliverAsKeeper(await openOurKeeper(duplex), await sourceOf({ a: utf8("1") }), {
        revision: 1,
        onResults: (results) => {
          signature = results.signature === null ? null : encodeHex(results.signature);
        },
      }),
    async (transport) => await receive(await openAsAgent(transport, theirAgent()), theirs),
  );
  return [ours, second, signature];
}

Deno.test("our keeper takes the signature of a second agent over its results", async () => {
  const { identity } = theirAgent();
  const [ours, , signature] = await keep({ held: new Map(), identity });
  assertEquals(ours.status, "fulfilled");
  assertEquals(typeof signature, "string");
});

Deno.test("our keeper takes a second agent that signs nothing, and says so", async () => {
  const [ours, , signature] = await keep({ held: new Map() });
  assertEquals([ours.status, signature], ["fulfilled", null]);
});

Deno.test("our keeper refuses results that a second agent signed by another key", async () => {
  const identity = generateKeyPairSync("ed25519").privateKey;
  const [ours, second, signature] = await keep({ held: new Map(), identity });
  assert(ours.status === "rejected" && ours.reason instanceof ProtocolError);
  assertEquals([ours.reason.code, signature], ["message-malformed", undefined]);
  assertEquals(second.status, "rejected");
});

Deno.test("our agent signs its results so that a second keeper can check them", async () => {
  const seed = await generateIdentitySeed();
  const identity = await importIdentity(seed);
  const give = (agentKey: Buffer) =>
    connect(
      async (duplex) =>
        await receiveAsAgent(await openOurAgent(duplex, { identity }), new MemorySecretStore(), {
          identity,
        }),
      async (transport) => {
        const { session, claim } = await openAsKeeper(transport);
        assert(claim.key.equals(Buffer.from(identity.publicKey)));
        return await deliver(session, { files: new Map([["a", vaultFile("1")]]), agentKey });
      },
    );
  const [, good] = await give(Buffer.from(identity.publicKey));
  assert(good.status === "fulfilled" && good.value.isSigned);
  const [, bad] = await give(rawKey(generateKeyPairSync("ed25519").privateKey));
  assert(bad.status === "rejected");
  assertEquals(bad.reason.code, "message-malformed");
});

Deno.test("our agent signs nothing for a second keeper unless it is told to", async () => {
  const [, delivered] = await connectWell(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), new MemorySecretStore()),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      return await deliver(session, { files: new Map([["a", vaultFile("1")]]) });
    },
  );
  assertEquals(delivered.isSigned, false);
});
