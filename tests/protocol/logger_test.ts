import { SILENT_LOGGER } from "../../protocol/logger.ts";
import { assert, assertThrows } from "../support/assert.ts";

Deno.test("SILENT_LOGGER takes every event and cannot be changed", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) {
    SILENT_LOGGER[level]("nobody sees this", { a: 1 });
  }
  assert(Object.isFrozen(SILENT_LOGGER));
  assertThrows(() => Object.assign(SILENT_LOGGER, { debug: () => {} }), TypeError);
});
