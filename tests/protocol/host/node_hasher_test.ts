import fc from "fast-check";
import { concatBytes, encodeHex, encodeUtf8 } from "../../../protocol/bytes.ts";
import { createHasher } from "../../../protocol/hasher.ts";
import { createNodeHasher } from "../../../protocol/host/node_hasher.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("createNodeHasher computes the digest that FIPS 180-2 prints for abc", async () => {
  const hasher = await createNodeHasher();
  hasher.update(encodeUtf8("abc"));
  assertEquals(
    encodeHex(hasher.digest()),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("createNodeHasher agrees with the portable hasher however the bytes are cut", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 })), async (pieces) => {
    const ours = await createNodeHasher();
    for (const piece of pieces) ours.update(piece);
    const whole = createHasher();
    whole.update(concatBytes(...pieces));
    assertEquals(ours.digest(), whole.digest());
  }));
});
