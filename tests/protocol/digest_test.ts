import { encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("sha256Digest gives the published digest of abc", async () => {
  assertEquals(
    encodeHex(await sha256Digest(encodeUtf8("abc"))),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
