import { equalBytes, randomBytes } from "../../protocol/bytes.ts";
import { unwrapSecret, wrapSecret } from "../../protocol/key_wrap.ts";
import { decodePublicKeyPem, importRsaPublicKey } from "../../protocol/rsa_key.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";
import { fixedRsaKeyPair } from "../support/session_pair.ts";

const { privateKey, publicKeyPem } = await fixedRsaKeyPair();
const publicKey = await importRsaPublicKey(decodePublicKeyPem(publicKeyPem));

Deno.test("unwrapSecret opens what wrapSecret made, which differs each time", async () => {
  const secret = randomBytes(32);
  const [one, two] = [await wrapSecret(publicKey, secret), await wrapSecret(publicKey, secret)];
  assertEquals([one.length, equalBytes(one, two)], [256, false]);
  assertEquals(await unwrapSecret(privateKey, one), { secret, hasFailed: false });
});

Deno.test("unwrapSecret yields 32 fresh bytes for whatever does not unwrap to 32", async () => {
  const wrapped = await wrapSecret(publicKey, randomBytes(32));
  const bad = [
    flipBit(wrapped, 9),
    new Uint8Array(256),
    new Uint8Array(256).fill(0xff),
    new Uint8Array(0),
    new Uint8Array(257),
    await wrapSecret(publicKey, randomBytes(31)),
    await wrapSecret(publicKey, randomBytes(33)),
    await wrapSecret(publicKey, randomBytes(0)),
  ];
  const seen = new Set<string>();
  for (const bytes of bad) {
    const { secret, hasFailed } = await unwrapSecret(privateKey, bytes);
    assert(hasFailed);
    assertEquals(secret.length, 32);
    seen.add(secret.join());
  }
  assertEquals(seen.size, bad.length);
});
