import { PeerRejectedError } from "../../protocol/errors.ts";
import {
  composeKeeperStatement,
  composeManifestStatement,
  type KeeperProof,
  proveKeeper,
  STATEMENT_SIGNATURE,
  verifyKeeperProof,
} from "../../protocol/statement.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";

const SCOPE = { app: "wordpress", component: null, agentDigestHex: "ab".repeat(32) };
const transcript = new Uint8Array(32).fill(0xcd);
const SIGNATURE = "A".repeat(86) + "A=";

Deno.test("composeKeeperStatement writes exactly the text of section 6", () => {
  assertEquals(
    composeKeeperStatement({ ...SCOPE, transcript, issued: 1_700_000_000 }),
    "FluxVault keeper statement\n" +
      "version: 2\n" +
      "app: wordpress\n" +
      "component: -\n" +
      `agent: ${"ab".repeat(32)}\n` +
      `transcript: ${"cd".repeat(32)}\n` +
      "issued: 1700000000\n" +
      "expires: 1700000300",
  );
});

Deno.test("composeManifestStatement writes exactly the text of section 8", () => {
  const digest = new Uint8Array(32).fill(0xef);
  assertEquals(
    composeManifestStatement({ ...SCOPE, revision: 9, issued: 10, expires: 20, digest }),
    "FluxVault keeper manifest\n" +
      "version: 2\n" +
      "app: wordpress\n" +
      "component: -\n" +
      `agent: ${"ab".repeat(32)}\n` +
      "revision: 9\n" +
      "issued: 10\n" +
      "expires: 20\n" +
      `manifest: ${"ef".repeat(32)}`,
  );
});

Deno.test("composeKeeperStatement refuses a name that would write a line of its own", () => {
  for (const app of ["a\nversion: 3", "-", "", "a b", "x".repeat(64)]) {
    const statement = { ...SCOPE, app, transcript, issued: 1 };
    assertThrows(() => composeKeeperStatement(statement), RangeError);
  }
});

Deno.test("STATEMENT_SIGNATURE takes 88 characters of canonical base64 for 65 bytes", () => {
  assert(STATEMENT_SIGNATURE.test(btoa("\xff".repeat(65))));
  const bad = ["", "A".repeat(88), "A".repeat(86) + "B=", "A".repeat(87) + "==", SIGNATURE + "\n"];
  for (const text of bad) assert(!STATEMENT_SIGNATURE.test(text), text);
});

Deno.test("proveKeeper signs the statement and says its times", async () => {
  let signed = "";
  const signer = {
    address: "1abc",
    sign(text: string): Promise<string> {
      signed = text;
      return Promise.resolve(SIGNATURE);
    },
  };
  const proof = await proveKeeper(signer, { ...SCOPE, transcript, issued: 1_000 });
  assertEquals(proof, { address: "1abc", issued: 1_000, expires: 1_300, signature: SIGNATURE });
  assertEquals(signed, composeKeeperStatement({ ...SCOPE, transcript, issued: 1_000 }));
});

const PROOF: KeeperProof = { address: "1", issued: 1_000, expires: 1_300, signature: SIGNATURE };

function check(proof: KeeperProof | null, now: number, isGood = true): Promise<void> {
  return verifyKeeperProof(proof, {
    statement: { ...SCOPE, transcript },
    verify: (text) => {
      assertEquals(text, composeKeeperStatement({ ...SCOPE, transcript, issued: 1_000 }));
      return Promise.resolve(isGood);
    },
    now,
  });
}

Deno.test("verifyKeeperProof takes a proof from 300 s before to 300 s after its issue", async () => {
  for (const now of [700, 1_000, 1_300]) await check(PROOF, now);
  for (const now of [699, 1_301, 0, 2 ** 40]) {
    await assertRejects(() => check(PROOF, now), PeerRejectedError, "statement-expired");
  }
});

Deno.test("verifyKeeperProof refuses another lifetime than 300 s", async () => {
  for (const expires of [1_299, 1_301, 0, 2 ** 52]) {
    const run = () => check({ ...PROOF, expires }, 1_000);
    await assertRejects(run, PeerRejectedError, "statement-expired");
  }
});

Deno.test("verifyKeeperProof refuses no proof, and one that its verifier refuses", async () => {
  await assertRejects(() => check(null, 1_000), PeerRejectedError, "statement-missing");
  await assertRejects(() => check(PROOF, 1_000, false), PeerRejectedError, "statement-invalid");
});
