import { CallError } from "../../../../protocol/mod.ts";
import { membersOf, textIn } from "../../../../keeper/commands/plugins/plugin_round.ts";
import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { jsonLines } from "../../../support/followed_process.ts";
import { openPushedFleet } from "./pushed_fleet.ts";

const UNKNOWN = new CallError("plugin-unknown", "no");

Deno.test("openPluginRound puts on record which command is called, and of whom", async () => {
  await using fleet = await openPushedFleet({ "plugin-remove": {} });
  await fleet.plugin("remove", "greeter", "--only", "shop/c1");
  const log = jsonLines(await Deno.readTextFile(fleet.path("state/audit.jsonl")));
  const said = log.map(({ event, command, only, action, outcome }) => {
    return [event, command ?? action, only ?? outcome ?? null];
  });
  assertEquals(said.slice(-3), [
    ["command", "plugin remove", ["shop/c1"]],
    ["called", "plugin-remove", null],
    ["answer", "plugin-remove", "answered"],
  ]);
});

Deno.test("openPluginRound refuses agents that nobody can be", async () => {
  await using fleet = await openPushedFleet({ "plugin-remove": {} });
  assertEquals((await fleet.plugin("remove", "greeter", "--only", "blog/c1")).code, 2);
  assertEquals((await fleet.plugin("remove", "greeter", "--only", "shop/c1,shop/c9")).code, 1);
  assertEquals((await fleet.plugin("remove", "greeter", "--only", "a b")).code, 2);
});

Deno.test("statusOfPlugins is 0 where all did it, 2 where none has the plugin, and else 1", async () => {
  await using fleet = await openPushedFleet({ "plugin-remove": {} }, { "plugin-remove": UNKNOWN });
  const remove = (only: string) => fleet.plugin("remove", "greeter", "--only", only);
  const [done, none, some] = [
    await remove("shop/c1"),
    await remove("shop/c2"),
    await remove("shop/*"),
  ];
  assertEquals([done.code, none.code, some.code], [0, 2, 1]);
  assertMatch(done.stdout, /\(shop\/c1\): removed\ngreeter: removed from 1 of 1 agent\n$/);
  assertMatch(none.stdout, /plugin-unknown\):\s+it\s+has\s+no\s+plugin\s+of\s+that\s+name/);
});

Deno.test("removePlugin takes one name of a plugin", async () => {
  await using fleet = await openPushedFleet({ "plugin-remove": {} });
  for (const names of [[], ["a", "b"], ["two-words"], ["../x"]]) {
    assertEquals((await fleet.plugin("remove", ...names)).code, 2);
  }
  assertEquals(fleet.asked, []);
  const [line, all] = jsonLines((await fleet.plugin("remove", "greeter", "--json")).stdout);
  assertEquals([line?.type, line?.plugin, line?.outcome], ["plugin-remove", "greeter", "answered"]);
  assertEquals([all?.type, all?.done], ["plugin-removes", 1]);
});

Deno.test("membersOf and textIn read nothing out of what is no object or text", () => {
  assertEquals([membersOf(null), membersOf([1]), membersOf("x")], [{}, {}, {}]);
  assertEquals([textIn({ a: "x", b: 7, c: {} }, "a"), textIn({ b: 7 }, "b")], ["x", "7"]);
  assertEquals([textIn({ c: {} }, "c"), textIn(undefined, "a")], ["-", "-"]);
});
