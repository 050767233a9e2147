import {
  checkAppName,
  isRegistrableAppName,
  isRegistrableComponentName,
} from "../../flux/app_name.ts";
import { FluxApiError } from "../../flux/errors.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

const HOSTILE_NAMES = [
  "",
  ".*",
  "a.b",
  "vault(demo",
  "vault demo",
  "vault_demo",
  "vault/../x",
  "vault%2F",
  "vault?x=1",
  "vault#x",
  "vaultdemo\n",
  "-vault",
  "vault-",
  "v\u00e4ult",
];

Deno.test("isRegistrableAppName takes letters, digits and inner hyphens up to 63 characters", () => {
  for (const name of ["a", "7", "vaultdemo", "Vault-Demo-2", "a".repeat(63)]) {
    assert(isRegistrableAppName(name), name);
  }
});

Deno.test("isRegistrableAppName refuses what could mean something in a path or a regular expression", () => {
  for (const name of [...HOSTILE_NAMES, "a".repeat(64)]) assert(!isRegistrableAppName(name), name);
});

Deno.test("isRegistrableAppName refuses the prefixes that FluxOS keeps, in lower case only", () => {
  for (const name of ["flux", "fluxdemo", "zel", "zelcore"]) {
    assert(!isRegistrableAppName(name), name);
  }
  for (const name of ["Fluxdemo", "ZELdemo", "myflux", "flu"]) {
    assert(isRegistrableAppName(name), name);
  }
});

Deno.test("isRegistrableComponentName takes letters and digits only", () => {
  for (const name of ["agent", "Web2", "a".repeat(63)]) {
    assert(isRegistrableComponentName(name), name);
  }
  for (const name of [...HOSTILE_NAMES, "my-agent", "fluxagent", "zelx", "a".repeat(64)]) {
    assert(!isRegistrableComponentName(name), name);
  }
});

Deno.test("checkAppName names the rule in the hint and hides invisible characters", () => {
  const error = assertThrows(() => checkAppName("a\u001b[2J"), FluxApiError, "name-invalid");
  assertEquals(error.message, '"a?[2J" cannot be the name of an app');
  assert(error.hint?.includes("at most 63"));
});
