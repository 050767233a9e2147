import * as limits from "../../protocol/limits.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("limits agree with section 11 of the specification", () => {
  assertEquals(limits.MAX_SEALED_BYTES, 65_557);
  assertEquals(limits.MIN_SEALED_BYTES, 17);
  assertEquals(limits.MAX_HANDSHAKE_SEALED_BYTES, 4_113);
  assertEquals(limits.FRAMES_PER_EPOCH, 65_536);
  assertEquals(limits.MAX_FRAMES, 281_474_976_710_656);
  assertEquals(limits.INITIAL_WINDOW_BYTES, 524_288);
  assertEquals(limits.MAX_MANIFEST_BYTES, 33_554_432);
  assertEquals(limits.MAX_FILE_BYTES, 1_099_511_627_776);
  assertEquals([limits.MIN_BYTES_PER_PART, limits.MIN_BYTES_FOR_PARTS], [1_024, 16_384]);
  assertEquals([limits.MAX_HOOKS, limits.MAX_HOOK_ARGUMENTS], [1_024, 64]);
  assertEquals([limits.MAX_HOOK_TIMEOUT_S, limits.MAX_HOOK_OUTPUT_BYTES], [3_600, 1_792]);
  assertEquals([limits.MAX_LEASE_S, limits.MAX_OWNER_ID], [366 * 86_400, 4_294_967_294]);
  assertEquals(limits.MIN_RESUMED_BYTES, 8_388_608);
});

Deno.test("limits leave room for the longest that each of them must hold", () => {
  assert(1 + limits.MAX_MESSAGE_BYTES + limits.TAG_BYTES <= limits.MAX_SEALED_BYTES);
  assert(limits.MAX_FRAMES <= Number.MAX_SAFE_INTEGER);
  // A path of quotes doubles in JSON; a line must hold it and the other members.
  assert(2 * limits.MAX_PATH_BYTES + 512 < limits.MAX_MANIFEST_LINE_BYTES);
  // So does what a hook wrote.
  assert(2 * limits.MAX_HOOK_OUTPUT_BYTES + 256 < limits.MAX_MANIFEST_LINE_BYTES);
  assert(limits.PING_AFTER_MS < limits.IDLE_TIMEOUT_MS / 2);
  assert(limits.OPENING_TIMEOUT_MS <= limits.HANDSHAKE_TIMEOUT_MS);
});
