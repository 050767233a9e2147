import { OfferedPlugin } from "../../../agent/plugins/offered_plugin.ts";
import { PluginRefusal } from "../../../agent/plugins/plugin_refusal.ts";
import { ActionRegister } from "../../../protocol/actions/action_register.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { callRegistered, GREETER } from "../../support/played_plugins.ts";

function manifestOf(...names: readonly string[]) {
  return { ...GREETER, actions: names.map((name) => ({ name, describe: `Does ${name}` })) };
}

function open() {
  const register = new ActionRegister();
  const offered = new OfferedPlugin(
    (action) => register.add(action),
    (action, { input }) => Promise.resolve([action, input]),
  );
  return { register, offered, names: () => register.list().map(({ name }) => name) };
}

Deno.test("OfferedPlugin offers actions by the names of the plugin and their own", async () => {
  const { register, offered } = open();
  offered.offer(manifestOf("greet"));
  assertEquals((await callRegistered(register, "greeter-greet", 7)).output, ["greet", 7]);
});

Deno.test("OfferedPlugin puts what another version offers in the place of what there was", () => {
  const { register, offered, names } = open();
  offered.offer(manifestOf("a", "b"));
  offered.offer({ ...manifestOf("b", "c"), actions: [{ name: "b", describe: "New" }] });
  assertEquals(names(), ["greeter-b"]);
  assertEquals(register.find("greeter-b")?.description, { describe: "New" });
  offered.withdraw();
  assertEquals(names(), []);
});

Deno.test("OfferedPlugin has changed nothing where a name is taken", () => {
  const { register, offered, names } = open();
  offered.offer(manifestOf("a"));
  register.add({ name: "greeter-c", run: () => Promise.resolve() });
  const error = assertThrows(() => offered.offer(manifestOf("b", "c")), PluginRefusal);
  assertEquals([error.code as string, names()], ["name-taken", ["greeter-a", "greeter-c"]]);
});
