import {
  LIST_ACTIONS,
  listActionsBy,
  openActionRegister,
} from "../../../protocol/actions/action_list.ts";
import { ActionRegister } from "../../../protocol/actions/action_register.ts";
import { defineAction } from "../../../protocol/actions/defined_action.ts";
import type { Action } from "../../../protocol/calls/action.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { openCallDesks } from "../../support/call_desks.ts";

const plain: Action = { name: "plain", run: () => Promise.resolve(null) };
const SCHEMA = { type: "object", properties: { days: { type: "integer" } } };

Deno.test("LIST_ACTIONS tells what an agent can do, by names", async () => {
  const described = {
    ...plain,
    name: "clean",
    description: { describe: "Cleans.", input: SCHEMA },
  };
  const source = openActionRegister({ actions: [plain, described] });
  await using desks = await openCallDesks({ agentCalls: { source } });
  const list = await desks.keeper.call(LIST_ACTIONS);
  assertEquals(list.map(({ name }) => name), ["actions", "clean", "plain"]);
  assertEquals(list.slice(1), [
    { name: "clean", describe: "Cleans.", input: SCHEMA, output: null },
    { name: "plain", describe: null, input: null, output: null },
  ]);
});

Deno.test("LIST_ACTIONS describes the one that is named", async () => {
  const source = openActionRegister({ actions: [plain] });
  await using desks = await openCallDesks({ agentCalls: { source } });
  const named = async (Name: string) => await desks.keeper.call(LIST_ACTIONS, { input: { Name } });
  assertEquals((await named("plain")).map(({ name }) => name), ["plain"]);
  assertEquals(await named("other"), []);
  const call = () => desks.keeper.call("actions", { input: { Name: 7 } });
  await assertRejects(call, CallError, "input-malformed");
});

Deno.test("LIST_ACTIONS lists hundreds of actions, and leaves schemas out where they do not fit", async () => {
  const input = { description: "x".repeat(1_000) };
  const many = Array.from({ length: 400 }, (_, i) => ({
    ...plain,
    name: `a${String(i).padStart(3, "0")}`,
    description: { describe: "y".repeat(20), input },
  }));
  await using desks = await openCallDesks({
    agentCalls: { source: openActionRegister({ actions: many }) },
  });
  const list = await desks.keeper.call(LIST_ACTIONS);
  assertEquals(list.length, 401);
  assert(list[1]?.input !== null && list.at(-1)?.input === null);
  const [one] = await desks.keeper.call(LIST_ACTIONS, { input: { Name: "a399" } });
  assertEquals(one?.input, input);
});

Deno.test("LIST_ACTIONS leaves out what of a description cannot be sent", async () => {
  let deep: Record<string, unknown> = {};
  for (let i = 0; i < 14; i++) deep = { deep };
  const describe = `${"x".repeat(511)}\u{1f600}`;
  const odd = { ...plain, description: { describe, input: deep, output: "a text" } };
  await using desks = await openCallDesks({
    agentCalls: { source: openActionRegister({ actions: [odd] }) },
  });
  const [, entry] = await desks.keeper.call(LIST_ACTIONS);
  assertEquals([entry?.input, entry?.output, entry?.describe?.length], [null, "a text", 512]);
});

Deno.test("LIST_ACTIONS takes nothing from a peer that is no list of actions", async () => {
  const answers: unknown[] = [
    [{ Name: "good", Describe: 7, Input: [], Output: 1 }, null, "x", { Name: "B A D" }, {}],
    { Name: "x" },
  ];
  const lie: Action = { name: "actions", run: () => Promise.resolve(answers.shift()) };
  await using desks = await openCallDesks({ agentCalls: { actions: [lie] } });
  assertEquals(await desks.keeper.call(LIST_ACTIONS), [
    { name: "good", describe: null, input: null, output: null },
  ]);
  await assertRejects(() => desks.keeper.call(LIST_ACTIONS), CallError, "output-malformed");
});

Deno.test("listActionsBy lists what there is when it is called", async () => {
  const list: Action[] = [];
  const actions = [listActionsBy(() => list)];
  await using desks = await openCallDesks({ agentCalls: { actions } });
  assertEquals(await desks.keeper.call("actions"), []);
  list.push(defineAction("new", { run: () => 1 }));
  assertEquals(await desks.keeper.call("actions"), [{ Name: "new" }]);
});

Deno.test("openActionRegister refuses a second action of a name, and finds what a source has", () => {
  assertThrows(() => openActionRegister({ actions: [plain, plain] }), TypeError);
  assertThrows(() => openActionRegister({ actions: [{ ...plain, name: "actions" }] }), TypeError);
  const source = new ActionRegister();
  source.add(plain);
  assertEquals(openActionRegister({ source }).find("plain"), plain);
});
