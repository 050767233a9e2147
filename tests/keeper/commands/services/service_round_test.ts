import { readService, readTold } from "../../../../keeper/commands/services/service_round.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

const FORM = "service stop APP/COMPONENT NAME";

Deno.test("readService reads which agents and which service are meant", () => {
  assertEquals(readService(["demo/web", "worker"], FORM), ["demo/web", "worker"]);
});

Deno.test("readService refuses what names too little, too much, or no service", () => {
  for (const operands of [[], ["demo"], ["demo", "a", "b"], ["demo", "A"], ["demo", "../x"]]) {
    const error = assertThrows(() => readService(operands, FORM), ConfigError, "config-invalid");
    assertEquals(error.hint, `Write ${FORM}.`);
  }
});

Deno.test("readTold takes what an agent tells, and nothing of another type", () => {
  const told = {
    ...{ Name: "web", State: "running", Code: null, Pid: 7, Since: "2030-01-01T00:00:00.000Z" },
    ...{ Starts: 2, Health: "well", MemoryBytes: 1_024 },
    LastEnd: { Code: "service-failed", Exit: 3, Signal: null, Time: "2030-01-01T00:00:00.000Z" },
  };
  assertEquals(readTold(told), {
    ...{ name: "web", state: "running", code: null, pid: 7, since: "2030-01-01T00:00:00.000Z" },
    ...{ starts: 2, health: "well", memoryBytes: 1_024 },
    lastEnd: "service-failed, exit status 3",
  });
  const nothing = {
    ...{ name: "?", state: "?", code: null, pid: null, since: null, starts: 0, health: null },
    ...{ memoryBytes: null, lastEnd: null },
  };
  for (const value of [null, 7, "web", [], { Name: 1, State: {}, Pid: "1", LastEnd: "x" }]) {
    assertEquals(readTold(value), nothing);
  }
});
