import { KEY_TYPES, REVOCATION_REASONS } from "../../keeper/authority/mod.ts";
import {
  DEFAULT_LIFETIME_MS,
  MAX_LIFETIME_MS,
  MIN_LIFETIME_MS,
} from "../../keeper/authority/limits.ts";
import { INIT_OPTIONS, ISSUE_OPTIONS, REVOKE_OPTIONS } from "../../keeper/authority_options.ts";
import { fixedEnvironment, type OptionTable, resolveSettings } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

function find(options: OptionTable, name: string) {
  const option = options.find((one) => one.name === name);
  assert(option !== undefined);
  return option;
}

Deno.test("ISSUE_OPTIONS allows the lives that the authority allows", async () => {
  const lifetime = find(ISSUE_OPTIONS, "lifetime");
  assert(lifetime.kind === "seconds");
  assertEquals([lifetime.min, lifetime.max], [MIN_LIFETIME_MS / 1_000, MAX_LIFETIME_MS / 1_000]);
  const { values } = await resolveSettings(ISSUE_OPTIONS, { args: [], env: fixedEnvironment() });
  assertEquals(values.lifetimeMs, 30 * DEFAULT_LIFETIME_MS);
});

Deno.test("REVOKE_OPTIONS and INIT_OPTIONS have the words of the authority", () => {
  const [reason, type] = [find(REVOKE_OPTIONS, "reason"), find(INIT_OPTIONS, "key-type")];
  assert(reason.kind === "choice" && type.kind === "choice");
  assertEquals(reason.choices, Object.keys(REVOCATION_REASONS));
  assertEquals(type.choices, KEY_TYPES);
});

Deno.test("ISSUE_OPTIONS takes what is issued from flags alone", () => {
  const others = ISSUE_OPTIONS.filter((option) => !("sources" in option)).map(({ name }) => name);
  assertEquals(others, ["app-name", "key-store", "state-dir", "audit-log"]);
});
