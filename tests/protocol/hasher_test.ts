import { createHash } from "node:crypto";
import fc from "fast-check";
import { copyBytes, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { DIGEST_BYTES, sha256Digest } from "../../protocol/digest.ts";
import { createHasher } from "../../protocol/hasher.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("createHasher agrees with sha256Digest however the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 })), async (pieces) => {
      const hasher = createHasher();
      for (const piece of pieces) hasher.update(piece);
      const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]));
      const digest = hasher.digest();
      assertEquals(digest.length, DIGEST_BYTES);
      assertEquals(digest, await sha256Digest(whole));
      assertEquals(encodeHex(digest), createHash("sha256").update(whole).digest("hex"));
    }),
    { numRuns: 50 },
  );
});

Deno.test("createHasher has read a piece when update returns", async () => {
  const piece = encodeUtf8("abc");
  const expected = await sha256Digest(copyBytes(piece));
  const hasher = createHasher();
  hasher.update(piece);
  piece.fill(0);
  assertEquals(hasher.digest(), expected);
});
