import * as limits from "../../keeper/limits.ts";
import { limits as originalLimits } from "../../protocol/original/mod.ts";
import { MAX_MANIFEST_BYTES, MAX_PATH_BYTES } from "../../protocol/limits.ts";
import { assert } from "../support/assert.ts";

Deno.test("limits give one contact the time that each step of either wire may take", () => {
  const { KEYSENT_TIMEOUT_MS, MESSAGE_TIMEOUT_MS } = originalLimits;
  assert(limits.SYNC_BASE_TIME_MS >= KEYSENT_TIMEOUT_MS + MESSAGE_TIMEOUT_MS);
  assert(limits.SYNC_BASE_TIME_MS > limits.DIAL_TIMEOUT_MS + limits.RECORD_WAIT_MS);
  assert(limits.RECORD_WAIT_MS > limits.DIAL_TIMEOUT_MS);
});

Deno.test("limits let agents that fail hold a part of the places, and never all", () => {
  assert(limits.SUSPECT_SHARE > 0 && limits.SUSPECT_SHARE < 1);
  assert(limits.DEFAULT_CONCURRENCY * limits.SUSPECT_SHARE >= 1);
});

Deno.test("limits stay within what a timer can run", () => {
  for (const [name, value] of Object.entries(limits)) {
    if (name.endsWith("_MS")) assert(value > 0 && value <= limits.MAX_TIMER_MS, name);
  }
});

Deno.test("limits let a whole folder of the longest names be a manifest", () => {
  // A path of quotes doubles in JSON; a line must hold it and the other members.
  const lineBytes = 2 * MAX_PATH_BYTES + 512;
  assert(limits.MAX_FOLDER_FILES * lineBytes <= MAX_MANIFEST_BYTES);
});
