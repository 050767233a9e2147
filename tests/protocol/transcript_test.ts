import { encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { hashTranscript } from "../../protocol/transcript.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("hashTranscript hashes both lines as they stand, newlines included", async () => {
  const transcript = await hashTranscript(encodeUtf8("a"), encodeUtf8("bc"));
  // The digest of "abc" (FIPS 180-4).
  assertEquals(
    encodeHex(transcript),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
