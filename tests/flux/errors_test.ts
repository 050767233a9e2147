import { FluxVaultError } from "../../protocol/errors.ts";
import { FluxApiError } from "../../flux/errors.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("FluxApiError is a FluxVaultError with code, cause and hint", () => {
  const cause = new TypeError("no route");
  const error = new FluxApiError("api-unreachable", "nobody answered", { cause, hint: "Wait." });
  assert(error instanceof FluxVaultError);
  assertEquals(error.name, "FluxApiError");
  assertEquals(error.code, "api-unreachable");
  assertEquals(error.cause, cause);
  assertEquals(error.hint, "Wait.");
});

Deno.test("FluxApiError is definite unless it is said to be transient", () => {
  assertEquals(new FluxApiError("api-error", "no").transient, false);
  assertEquals(new FluxApiError("not-synced", "later", { transient: true }).transient, true);
});
