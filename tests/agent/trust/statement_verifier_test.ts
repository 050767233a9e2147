import { ReplayMemory } from "../../../agent/trust/replay_memory.ts";
import { createStatementVerifier } from "../../../agent/trust/statement_verifier.ts";
import { fixedSigners } from "../../../agent/trust/trusted_signers.ts";
import { recoverSigner } from "../../../flux/mod.ts";
import { PeerRejectedError } from "../../../protocol/errors.ts";
import {
  composeKeeperStatement,
  type KeeperStatement,
  proveKeeper,
  verifyKeeperProof,
} from "../../../protocol/statement.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { signerOf, signerOfWif, twinOf } from "../../support/signing.ts";

const CLOCK = new FakeClock();
const NOW = Math.floor(CLOCK.now() / 1_000);
const STATEMENT: KeeperStatement = {
  app: "shop",
  component: "web",
  agentDigestHex: "ab".repeat(32),
  transcript: new Uint8Array(32).fill(7),
  issued: NOW,
};
const TEXT = composeKeeperStatement(STATEMENT);
const SIGNER = signerOf();

function verifierOf(addresses: readonly string[] | null, logger = new MemoryLogger()) {
  const signers = addresses === null
    ? { addresses: () => Promise.resolve(null) }
    : fixedSigners(addresses);
  return createStatementVerifier({ signers, recover: recoverSigner, now: CLOCK.now, logger });
}

Deno.test("createStatementVerifier accepts the signature of each address that counts", async () => {
  const other = signerOf();
  const verify = verifierOf([SIGNER.address, other.address]);
  assertEquals(await verify(TEXT, await SIGNER.sign(TEXT)), true);
  const second = composeKeeperStatement({ ...STATEMENT, issued: NOW + 1 });
  assertEquals(await verify(second, await other.sign(second)), true);
});

Deno.test("createStatementVerifier refuses the signature of anybody else", async () => {
  const verify = verifierOf([SIGNER.address]);
  assertEquals(await verify(TEXT, await signerOf().sign(TEXT)), false);
  assertEquals(await verify(TEXT, `${"A".repeat(86)}A=`), false);
});

const UNCOMPRESSED = "5JTeg79dTLzzHXoJPALMWuoGDM8QmLj4n5f6MeFjx8dzsirvjAh";

Deno.test("createStatementVerifier tells the two addresses of one key apart", async () => {
  const signer = signerOfWif(UNCOMPRESSED);
  assertEquals(signer.address, "1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF");
  const signature = await signer.sign(TEXT);
  assertEquals(await verifierOf([signer.address])(TEXT, signature), true);
  // The header says which form of the public key the address is of.
  const bytes = Uint8Array.from(atob(signature), (char) => char.charCodeAt(0));
  bytes[0] = (bytes[0] ?? 0) + 4;
  const compressed = btoa(String.fromCharCode(...bytes));
  assert(await recoverSigner(TEXT, compressed) !== null);
  assertEquals(await verifierOf([signer.address])(TEXT, compressed), false);
});

const OTHERS: Readonly<Record<string, Partial<KeeperStatement>>> = {
  "to another agent": { agentDigestHex: "cd".repeat(32) },
  "for another app": { app: "shop2" },
  "for no app": { app: null },
  "for another component": { component: "db" },
  "in another session": { transcript: new Uint8Array(32).fill(8) },
};

for (const [what, other] of Object.entries(OTHERS)) {
  Deno.test(`createStatementVerifier refuses what a keeper signed ${what}`, async () => {
    const verify = verifierOf([SIGNER.address]);
    const proof = await proveKeeper(SIGNER, { ...STATEMENT, ...other });
    const check = { statement: STATEMENT, verify, now: NOW };
    const run = () => verifyKeeperProof(proof, check);
    await assertRejects(run, PeerRejectedError, "statement-invalid");
    await verifyKeeperProof(await proveKeeper(SIGNER, STATEMENT), check);
  });
}

Deno.test("createStatementVerifier is not asked about a statement of yesterday", async () => {
  const proof = await proveKeeper(SIGNER, { ...STATEMENT, issued: NOW - 86_400 });
  const check = { statement: STATEMENT, verify: verifierOf([SIGNER.address]), now: NOW };
  const run = () => verifyKeeperProof(proof, check);
  await assertRejects(run, PeerRejectedError, "statement-expired");
  // Nor do other times in the message help: they are in what was signed.
  const renewed = { ...proof, issued: NOW, expires: NOW + 300 };
  const again = () => verifyKeeperProof(renewed, check);
  await assertRejects(again, PeerRejectedError, "statement-invalid");
});

Deno.test("createStatementVerifier accepts no statement twice, and says so", async () => {
  const logger = new MemoryLogger();
  const verify = verifierOf([SIGNER.address], logger);
  const signature = await SIGNER.sign(TEXT);
  assertEquals(await verify(TEXT, signature), true);
  assertEquals(await verify(TEXT, signature), false);
  assertEquals(logger.events.map(({ properties }) => properties), [{ signer: SIGNER.address }]);
});

Deno.test("createStatementVerifier refuses the twin of a signature that it accepted", async () => {
  const signature = await SIGNER.sign(TEXT);
  const twin = twinOf(signature);
  assert(twin !== signature);
  assertEquals(await recoverSigner(TEXT, twin), SIGNER.address);
  const verify = verifierOf([SIGNER.address]);
  assertEquals(await verify(TEXT, signature), true);
  assertEquals(await verify(TEXT, twin), false);
});

Deno.test("createStatementVerifier accepts one of two that come at the same time", async () => {
  const verify = verifierOf([SIGNER.address]);
  const signature = await SIGNER.sign(TEXT);
  const verdicts = await Promise.all([verify(TEXT, signature), verify(TEXT, signature)]);
  assertEquals(verdicts.sort(), [false, true]);
});

Deno.test("createStatementVerifier remembers nothing of strangers", async () => {
  const accepted = new ReplayMemory();
  const signers = fixedSigners([SIGNER.address]);
  const verify = createStatementVerifier({ signers, recover: recoverSigner, accepted });
  await verify(TEXT, await signerOf().sign(TEXT));
  assertEquals(accepted.size, 0);
  await verify(TEXT, await SIGNER.sign(TEXT));
  assertEquals(accepted.size, 1);
});

Deno.test("createStatementVerifier remembers a statement for as long as it can be valid", async () => {
  const clock = new FakeClock();
  const signers = fixedSigners([SIGNER.address]);
  const verify = createStatementVerifier({ signers, recover: recoverSigner, now: clock.now });
  // The keeper's clock is as far ahead as is allowed.
  const issued = Math.floor(clock.now() / 1_000) + 300;
  const text = composeKeeperStatement({ ...STATEMENT, issued });
  const signature = await SIGNER.sign(text);
  assertEquals(await verify(text, signature), true);
  clock.advance(600_999);
  assertEquals(await verify(text, signature), false);
});

Deno.test("createStatementVerifier turns keepers away while nobody's signature counts", async () => {
  const verify = verifierOf(null);
  const signature = await SIGNER.sign(TEXT);
  const run = () => verify(TEXT, signature);
  const error = await assertRejects(run, PeerRejectedError, "owner-unknown");
  assertEquals(error.by, "us");
});
