import * as limits from "../../agent/limits.ts";
import { limits as protocolLimits } from "../../protocol/mod.ts";
import { assert } from "../support/assert.ts";

Deno.test("limits let a handshake end that waits for the owner of the app", () => {
  assert(limits.OWNER_WAIT_MS < protocolLimits.HANDSHAKE_TIMEOUT_MS / 2);
});

Deno.test("limits let the file of revisions hold every signer that is remembered", () => {
  const revision = ["1".repeat(34), Number.MAX_SAFE_INTEGER];
  const revisions = Array(limits.MAX_REMEMBERED_SIGNERS).fill(revision);
  const file = JSON.stringify({ version: 1, revisions });
  assert(file.length < limits.MAX_SMALL_STATE_FILE_BYTES);
});

Deno.test("limits renew a kept manifest long before it ends", () => {
  assert(limits.MANIFEST_RENEWAL_S < protocolLimits.MANIFEST_LIFETIME_S / 100);
});

Deno.test("limits keep places at the door, and end sessions before a manager would", () => {
  assert(limits.KEPT_SETUPS < limits.MAX_SETUPS);
  assert(limits.MAX_PENALISED_SETUPS < limits.MAX_SETUPS_PER_ADDRESS);
  assert(limits.STOP_GRACE_MS < 10_000);
});
