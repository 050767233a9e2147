import { ActionRegister } from "../../../protocol/actions/action_register.ts";
import { defineAction } from "../../../protocol/actions/defined_action.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { HeldAction, openCallDesks } from "../../support/call_desks.ts";

const ping = defineAction("ping", { run: () => "pong" });

Deno.test("ActionRegister offers an action to sessions that are open, until it is taken back", async () => {
  const register = new ActionRegister();
  await using desks = await openCallDesks({ agentCalls: { source: register } });
  const call = () => desks.keeper.call("ping");
  await assertRejects(call, CallError, "unknown-action");
  {
    using registration = register.add(ping);
    assertEquals([registration.name, await call()], ["ping", "pong"]);
  }
  await assertRejects(call, CallError, "unknown-action");
});

Deno.test("ActionRegister lets a call end whose action was taken back", async () => {
  const register = new ActionRegister();
  const held = new HeldAction();
  const registration = register.add(held);
  await using desks = await openCallDesks({ agentCalls: { source: register } });
  const answer = desks.keeper.call("hold");
  await held.until(({ running }) => running === 1);
  registration[Symbol.dispose]();
  held.release("done");
  assertEquals(await answer, "done");
});

Deno.test("ActionRegister refuses a name that is none, or taken", () => {
  const register = new ActionRegister();
  register.add(ping);
  assertThrows(() => register.add(ping), TypeError);
  assertThrows(() => register.add({ ...ping, name: "No Name" }), TypeError);
});

Deno.test("ActionRegister takes back nothing that came after what is disposed of", () => {
  const register = new ActionRegister();
  const first = register.add(ping);
  first[Symbol.dispose]();
  register.add({ ...ping });
  first[Symbol.dispose]();
  assertEquals(register.list().map(({ name }) => name), ["ping"]);
});

Deno.test("ActionRegister finds what is beside it, and goes first", () => {
  const other = { ...ping, name: "other" };
  const beside = new ActionRegister();
  beside.add(other);
  beside.add({ ...ping });
  const register = new ActionRegister(beside);
  register.add(ping);
  assertEquals([register.find("ping"), register.find("other")], [ping, other]);
  assertEquals(register.list(), [ping]);
});
