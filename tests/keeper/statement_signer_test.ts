import { createStatementSigner } from "../../keeper/statement_signer.ts";
import { decodeWif, recoverSigner } from "../../flux/mod.ts";
import { composeKeeperStatement, composeManifestStatement } from "../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { readFluxFixture } from "../support/fake_flux_api.ts";
import { KEY, UNCOMPRESSED_KEY } from "./keys/key_fixtures.ts";

const SCOPE = { app: "demo", component: null, agentDigestHex: "ab".repeat(32) };
const KEEPER_STATEMENT = composeKeeperStatement({
  ...SCOPE,
  transcript: new Uint8Array(32),
  issued: 1_900_000_000,
});
const MANIFEST_STATEMENT = composeManifestStatement({
  ...SCOPE,
  revision: 7,
  issued: 1_900_000_000,
  expires: 1_900_003_600,
  digest: new Uint8Array(32),
});

Deno.test("createStatementSigner signs the statements of a keeper so that they recover", async () => {
  for (const { address, wif } of [KEY, UNCOMPRESSED_KEY]) {
    const signer = createStatementSigner(decodeWif(wif));
    assertEquals(signer.address, address);
    for (const text of [KEEPER_STATEMENT, MANIFEST_STATEMENT]) {
      assertEquals(await recoverSigner(text, await signer.sign(text)), address);
    }
  }
});

Deno.test("createStatementSigner signs with its own copy of the key", async () => {
  const key = decodeWif(KEY.wif);
  const signer = createStatementSigner(key);
  key.secret.fill(0);
  const signature = await signer.sign(KEEPER_STATEMENT);
  assertEquals(await recoverSigner(KEEPER_STATEMENT, signature), KEY.address);
});

const { cases } = JSON.parse(await readFluxFixture("must_refuse_to_sign.json"));
const OTHERS = [
  ...cases.map(({ id, message }: { id: string; message: string }) => [id, message]),
  ["empty", ""],
  ["a line behind a statement", `${KEEPER_STATEMENT}\n`],
  ["a text before a statement", `1784714703123${KEEPER_STATEMENT}`],
  ["an app update behind a statement", `${MANIFEST_STATEMENT}\nfluxappupdate1{}`],
  ["another time", KEEPER_STATEMENT.replace("1900000300", "1900000301")],
];

for (const [name, text] of OTHERS) {
  Deno.test(`createStatementSigner does not sign: ${name}`, async () => {
    const signer = createStatementSigner(decodeWif(KEY.wif));
    const error = await assertRejects(() => signer.sign(text), TypeError);
    assert(error.message.includes("not a statement"), error.message);
  });
}

Deno.test("createStatementSigner is tried with every case that must be refused", () => {
  assertEquals(cases.length, 6);
  assert(KEEPER_STATEMENT.includes("1900000300"));
});
